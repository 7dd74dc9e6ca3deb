-- SPDX-License-Identifier: Apache-2.0
-- Version 2 has a reply to everything and knows of no step but seven.
local conn = begin(clean, {version = 2, steps = 0x7f})
rcpt(conn, "ann@corp.example", SMFIR_CONTINUE)
must(mt.header(conn, "From", "a@sender.example"))
wants(conn, SMFIR_CONTINUE)
must(mt.eom(conn))
wants(conn, SMFIR_CONTINUE)
check(mt.getheader(conn, "X-Postern-Verdict", 0) == "accept", "the verdict is not told")
mt.disconnect(conn)
