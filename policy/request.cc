// SPDX-License-Identifier: Apache-2.0
#include "policy/request.h"

namespace postern {

void Request::clear() {
    id.clear();
    client = IpAddress();
    hostname.clear();
    helo.clear();
    authenticated = false;
    mail_from.reset();
    recipients.clear();
    headers.reset();
    auth.spf.clear();
    auth.dkim.clear();
    auth.dmarc.clear();
    urls.clear();
    now.reset();
    reputation.reset();
}

}  // namespace postern
