-- SPDX-License-Identifier: Apache-2.0
local conn = begin(clean)
rcpt(conn, "ann@corp.example", SMFIR_CONTINUE)
finish(conn, {
    {"From", "a@sender.example"},
    {"X-Postern-Skip-Spam-Scan", "yes"},
    {"x-postern-skip-spam-scan", "yes"},
}, SMFIR_CONTINUE)
check(mt.eom_check(conn, MT_HDRDELETE, "X-Postern-Skip-Spam-Scan"), "forged results stay")
check(not mt.eom_check(conn, MT_HDRADD, "X-Postern-Skip-Spam-Scan"), "a bypass for a stranger")
mt.disconnect(conn)
