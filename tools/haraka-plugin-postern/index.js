// SPDX-License-Identifier: Apache-2.0
//
// Asks posternd about connections, senders and recipients, in the words of Postfix's policy
// delegation.  Whatever goes wrong, mail goes on: `next()` without an opinion is all that a failure
// can lead to, and all that "accepted" leads to, for OK would silence the plugins behind this one.
'use strict'

const net = require('node:net')

const reply_size_max = 4096

exports.register = function () {
  this.load_postern_ini()
  const hooks = this.cfg.hooks
  if (hooks.connect) this.register_hook('connect', 'postern_connect')
  if (hooks.helo) {
    this.register_hook('helo', 'postern_helo')
    this.register_hook('ehlo', 'postern_helo')
  }
  if (hooks.mail) this.register_hook('mail', 'postern_mail')
  if (hooks.rcpt) this.register_hook('rcpt', 'postern_rcpt')
  if (hooks.data_post) this.register_hook('data_post', 'postern_data_post')
}

exports.load_postern_ini = function () {
  const booleans = ['connect', 'helo', 'mail', 'rcpt', 'data_post'].map((hook) => `+hooks.${hook}`)
  const ini = this.config.get('postern.ini', { booleans }, () => this.load_postern_ini())
  this.cfg = {
    socket: ini.main.socket || '/run/postern/gateway.sock',
    timeout: Number(ini.main.timeout) || 3000,
    context: ini.main.context || 'haraka',
    hooks: ini.hooks,
  }
}

exports.postern_connect = function (next, connection) {
  return this.consult(next, connection, 'CONNECT', {})
}

exports.postern_helo = function (next, connection, helo) {
  return this.consult(next, connection, 'EHLO', { helo_name: helo })
}

exports.postern_mail = function (next, connection, params) {
  return this.consult(next, connection, 'MAIL', { sender: address_of(params[0]) })
}

exports.postern_rcpt = function (next, connection, params) {
  const sender = address_of(connection.transaction.mail_from)
  return this.consult(next, connection, 'RCPT', { sender, recipient: address_of(params[0]) })
}

exports.postern_data_post = function (next, connection) {
  const { mail_from, rcpt_to } = connection.transaction
  // As Postfix does it: the recipient is named when there is one.
  const recipient = rcpt_to.length === 1 ? address_of(rcpt_to[0]) : ''
  return this.consult(next, connection, 'END-OF-MESSAGE', {
    sender: address_of(mail_from),
    recipient,
  })
}

// Asks, and tells Haraka what the answer amounts to.
exports.consult = async function (next, connection, protocol_state, more) {
  const attributes = {
    request: 'smtpd_access_policy',
    protocol_state,
    client_address: connection.remote.ip,
    client_name: confirmed_name(connection),
    helo_name: connection.hello?.host ?? '',
    sasl_username: connection.notes?.auth_user ?? '',
    instance: connection.transaction?.uuid ?? '',
    policy_context: this.cfg.context,
    ...more,
  }
  let action
  try {
    action = await ask(this.cfg.socket, attributes, this.cfg.timeout)
  } catch (error) {
    connection.logerror(this, `${protocol_state}: no verdict, mail goes on: ${error.message}`)
    return next()
  }
  connection.logdebug(this, `${protocol_state}: ${action}`)
  act_on(action, next, connection)
}

function act_on(action, next, connection) {
  const [verb] = action.split(' ', 1)
  const text = action.slice(verb.length + 1)
  if (verb === '421') return next(DENYSOFTDISCONNECT, text)
  if (/^4\d\d$/.test(verb) || verb === 'DEFER_IF_PERMIT') return next(DENYSOFT, text)
  if (/^5\d\d$/.test(verb)) return next(DENY, text)
  if (verb === 'PREPEND' && connection.transaction) {
    const colon = text.indexOf(':')
    connection.transaction.add_header(text.slice(0, colon), text.slice(colon + 1).trim())
  }
  next()
}

// A property since Haraka 3.3, a function before.
function address_of(mail_address) {
  const { address } = mail_address
  return typeof address === 'function' ? mail_address.address() : (address ?? '')
}

// The client's own word for its name is worth nothing; the plugin fcrdns knows which are true.
function confirmed_name(connection) {
  return connection.results?.get('fcrdns')?.fcrdns?.[0] ?? 'unknown'
}

// A value cannot hold the end of its line.
function request_of(attributes) {
  const lines = Object.entries(attributes).map(
    ([name, value]) => `${name}=${String(value).replace(/[\0\r\n]/g, '')}\n`,
  )
  return `${lines.join('')}\n`
}

// The action, over a connection of its own: a question that waits for a list holds up no other.
function ask(path, attributes, timeout) {
  return new Promise((resolve, reject) => {
    const socket = net.createConnection(path)
    let reply = ''
    const fail = (why) => {
      clearTimeout(timer)
      socket.destroy()
      reject(new Error(why))
    }
    const timer = setTimeout(() => fail(`nothing for ${timeout} ms`), timeout)
    socket.setEncoding('utf8')
    socket.on('connect', () => socket.write(request_of(attributes)))
    socket.on('error', (error) => fail(error.message))
    socket.on('close', () => fail('the connection was closed'))
    socket.on('data', (bytes) => {
      reply += bytes
      const whole = /^action=(.*)\n\n/.exec(reply)
      if (!whole) return reply.length > reply_size_max ? fail('the reply is too long') : undefined
      clearTimeout(timer)
      socket.destroy()
      resolve(whole[1])
    })
  })
}
