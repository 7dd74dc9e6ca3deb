-- SPDX-License-Identifier: Apache-2.0
local conn = begin(listed)
rcpt(conn, "ann@corp.example", SMFIR_REPLYCODE)
-- A policy for this recipient permits it.
rcpt(conn, "bob@corp.example", SMFIR_CONTINUE)
finish(conn, {{"From", "a@sender.example"}}, SMFIR_CONTINUE)
check(mt.getheader(conn, "X-Postern-Skip-Spam-Scan", 0) == "yes", "the permit is not told")
mt.disconnect(conn)
