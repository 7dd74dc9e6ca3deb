// SPDX-License-Identifier: Apache-2.0
//
// The plugin against a policy server of the test's own; `node --test` runs it, without Haraka.
'use strict'

const assert = require('node:assert')
const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')
const { afterEach, beforeEach, describe, it } = require('node:test')

// Haraka gives these to its plugins.
Object.assign(globalThis, { DENY: 902, DENYSOFT: 903, DENYSOFTDISCONNECT: 907 })

const plugin = require('../index.js')

let folder, socket, server, requests, answer

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'postern-haraka-'))
  socket = path.join(folder, 'policy.sock')
  requests = []
  answer = () => 'action=DUNNO\n\n'
  server = net.createServer((peer) => {
    peer.on('error', () => {})
    peer.on('data', (bytes) => {
      const lines = bytes.toString().trimEnd().split('\n')
      requests.push(Object.fromEntries(lines.map((line) => line.split('='))))
      const reply = answer(requests.at(-1))
      if (reply !== undefined) peer.write(reply)
    })
  })
  await new Promise((listening) => server.listen(socket, listening))
})

afterEach(async () => {
  await new Promise((closed) => server.close(closed))
  fs.rmSync(folder, { recursive: true })
})

function loaded(main = {}, hooks = {}) {
  const registered = []
  const all = { connect: true, helo: true, mail: true, rcpt: true, data_post: true }
  const ini = { main: { socket, ...main }, hooks: { ...all, ...hooks } }
  const instance = Object.create(plugin)
  instance.config = { get: () => ini }
  instance.register_hook = (hook) => registered.push(hook)
  instance.register()
  return { instance, registered }
}

function connection() {
  const logged = []
  const headers = []
  return {
    remote: { ip: '192.0.2.7', host: 'forged.example' },
    hello: { host: 'mx.sender.example' },
    notes: {},
    results: { get: () => ({ fcrdns: ['mx.sender.example'] }) },
    transaction: {
      uuid: 'A1.1',
      mail_from: { address: 'a@sender.example' },
      rcpt_to: [{ address: () => 'ann@corp.example' }],
      add_header: (name, value) => headers.push([name, value]),
    },
    logged,
    headers,
    logerror: (_, text) => logged.push(text),
    logdebug: () => {},
  }
}

// What the hook told Haraka, as an array.
function call(instance, hook, at, ...rest) {
  return new Promise((resolve) => instance[hook]((...told) => resolve(told), at, ...rest))
}

const rcpt = [{ address: 'ann@corp.example' }]

describe('what is asked', () => {
  it('has at each hook what is known there', async () => {
    const { instance } = loaded()
    const first = connection()
    delete first.transaction
    delete first.hello
    await call(instance, 'postern_connect', first)
    await call(instance, 'postern_helo', first, 'mx.new.example')
    const at = connection()
    at.notes.auth_user = 'ann'
    await call(instance, 'postern_mail', at, [{ address: () => '' }])
    await call(instance, 'postern_rcpt', at, rcpt)
    await call(instance, 'postern_data_post', at)

    const states = requests.map((request) => request.protocol_state)
    assert.deepStrictEqual(states, ['CONNECT', 'EHLO', 'MAIL', 'RCPT', 'END-OF-MESSAGE'])
    assert.strictEqual(requests[0].helo_name, '')
    assert.strictEqual(requests[0].client_name, 'mx.sender.example')
    assert.strictEqual(requests[1].helo_name, 'mx.new.example')
    assert.strictEqual(requests[2].sender, '')
    assert.deepStrictEqual(requests[3], {
      request: 'smtpd_access_policy',
      protocol_state: 'RCPT',
      client_address: '192.0.2.7',
      client_name: 'mx.sender.example',
      helo_name: 'mx.sender.example',
      sasl_username: 'ann',
      instance: 'A1.1',
      policy_context: 'haraka',
      sender: 'a@sender.example',
      recipient: 'ann@corp.example',
    })
    assert.strictEqual(requests[4].recipient, 'ann@corp.example')
  })

  it('names no recipient at the end of a message that has several', async () => {
    const at = connection()
    at.transaction.rcpt_to.push({ address: 'bob@corp.example' })
    await call(loaded().instance, 'postern_data_post', at)
    assert.strictEqual(requests[0].recipient, '')
  })

  it('holds no line of the client', async () => {
    const helo = 'x\r\nrecipient=evil'
    await call(loaded().instance, 'postern_helo', connection(), helo)
    assert.strictEqual(requests[0].recipient, undefined)
  })

  it('is asked at the hooks that the configuration wants', () => {
    const { registered } = loaded({}, { connect: false, helo: false })
    assert.deepStrictEqual(registered, ['mail', 'rcpt', 'data_post'])
  })
})

describe('what the answer leads to', () => {
  const cases = [
    ['DUNNO', []],
    ['550 5.7.1 on a list', [902, '5.7.1 on a list']],
    ['451 4.7.1 come again', [903, '4.7.1 come again']],
    ['DEFER_IF_PERMIT 4.7.1 not known', [903, '4.7.1 not known']],
    ['421 4.7.0 bye', [907, '4.7.0 bye']],
    ['WARN postern: something', []],
  ]
  for (const [action, told] of cases) {
    it(action, async () => {
      answer = () => `action=${action}\n\n`
      const result = await call(loaded().instance, 'postern_rcpt', connection(), rcpt)
      assert.deepStrictEqual(result, told)
    })
  }

  it('is a header for a mark', async () => {
    answer = () => 'action=PREPEND X-Postern: reject reason=reputation\n\n'
    const at = connection()
    assert.deepStrictEqual(await call(loaded().instance, 'postern_rcpt', at, rcpt), [])
    assert.deepStrictEqual(at.headers, [['X-Postern', 'reject reason=reputation']])
  })
})

describe('mail goes on', () => {
  it('when nobody listens', async () => {
    const { instance } = loaded({ socket: path.join(folder, 'nobody.sock') })
    const at = connection()
    assert.deepStrictEqual(await call(instance, 'postern_rcpt', at, rcpt), [])
    assert.match(at.logged[0], /RCPT: no verdict, mail goes on/)
  })

  it('when nothing is answered', async () => {
    answer = () => undefined
    const result = await call(loaded({ timeout: 50 }).instance, 'postern_rcpt', connection(), rcpt)
    assert.deepStrictEqual(result, [])
  })

  it('when the answer is no answer', async () => {
    answer = () => 'x'.repeat(5000)
    const result = await call(loaded().instance, 'postern_rcpt', connection(), rcpt)
    assert.deepStrictEqual(result, [])
  })
})
