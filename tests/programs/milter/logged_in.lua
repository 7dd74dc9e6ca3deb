-- SPDX-License-Identifier: Apache-2.0
local conn = begin(listed, {login = "ann", sender = "ann@corp.example"})
rcpt(conn, "friend@elsewhere.example", SMFIR_CONTINUE)
finish(conn, {{"From", "ann@corp.example"}}, SMFIR_CONTINUE)
mt.disconnect(conn)
