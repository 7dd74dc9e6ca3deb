-- SPDX-License-Identifier: Apache-2.0
local conn = begin(clean)
rcpt(conn, "ann@corp.example", SMFIR_CONTINUE)
rcpt(conn, "bob@corp.example", SMFIR_CONTINUE)
finish(conn, {{"From", "a@sender.example"}, {"Subject", "hi"}}, SMFIR_CONTINUE)
check(mt.getheader(conn, "X-Postern-Verdict", 0) == "accept", "the verdict is not told")
check(not mt.eom_check(conn, MT_HDRADD, "X-Postern-Skip-Spam-Scan"), "a bypass for a stranger")
mt.disconnect(conn)
