-- SPDX-License-Identifier: Apache-2.0
local conn = begin(clean)
rcpt(conn, "ann@corp.example", SMFIR_CONTINUE)
finish(conn, {{"From", "The boss <boss@corp.example>"}}, SMFIR_REPLYCODE)
-- miltertest compares all three parts or none.
local text = "The sender address belongs to the recipient's organisation, but this server may not "
    .. "send for it. Send through the organisation's own servers, or ask its postmaster to permit "
    .. "yours."
check(mt.eom_check(conn, MT_SMTPREPLY, "550", "5.7.1", text), "the reply is another one")
mt.disconnect(conn)
