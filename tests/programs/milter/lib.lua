-- SPDX-License-Identifier: Apache-2.0
--
-- A mail server's side of a milter conversation in one line each; a reply that is not the wanted
-- one ends the script.  `socket` is defined by the caller.

names = {
    [SMFIR_CONTINUE] = "continue", [SMFIR_REPLYCODE] = "reply", [SMFIR_ACCEPT] = "accept",
    [SMFIR_REJECT] = "reject", [SMFIR_TEMPFAIL] = "tempfail",
}

-- miltertest ends without a word about an error.
function fail(what)
    mt.echo(what)
    error(what)
end

function must(failure)
    if failure ~= nil then fail(failure) end
end

function wants(conn, wanted)
    local reply = mt.getreply(conn)
    if reply ~= wanted then
        fail("the reply was " .. (names[reply] or reply) .. ", not " .. names[wanted])
    end
end

-- Up to MAIL; `version`, `steps` and `macros` may be left out.
function begin(client, how)
    how = how or {}
    local conn = mt.connect("unix:" .. socket)
    if conn == nil then fail("nobody listens") end
    must(mt.negotiate(conn, how.version, nil, how.steps))
    must(mt.conninfo(conn, how.name or "mx.sender.example", client))
    must(mt.helo(conn, "helo.example"))
    if how.login then must(mt.macro(conn, SMFIC_MAIL, "{auth_authen}", how.login)) end
    must(mt.mailfrom(conn, "<" .. (how.sender or "a@sender.example") .. ">"))
    return conn
end

function rcpt(conn, recipient, wanted)
    must(mt.rcptto(conn, "<" .. recipient .. ">"))
    wants(conn, wanted)
end

-- The rest of the message.
function finish(conn, headers, wanted)
    for _, field in ipairs(headers) do must(mt.header(conn, field[1], field[2])) end
    must(mt.eom(conn))
    wants(conn, wanted)
end

function check(condition, what)
    if not condition then fail(what) end
end
