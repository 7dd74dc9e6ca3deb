// SPDX-License-Identifier: Apache-2.0
#include "policy/request.h"

namespace postern {

namespace {

// What is longer gives its memory back: thousands of requests may wait, each in an object that is
// used again, and one large request must not make that object large for ever.
constexpr std::size_t text_kept_max = 64;
constexpr std::size_t list_kept_max = 4;

void forget(std::string& text) {
    text.clear();
    if (text.capacity() > text_kept_max) text.shrink_to_fit();
}

void forget(std::vector<std::string>& texts) {
    texts.clear();
    if (texts.capacity() > list_kept_max) texts.shrink_to_fit();
}

}  // namespace

void Request::clear() {
    forget(id);
    forget(transaction);
    step = Step::whole;
    forget(instance);
    forget(queue_id);
    client = IpAddress();
    forget(hostname);
    forget(helo);
    authenticated = false;
    mail_from.reset();
    forget(recipients);
    headers.reset();
    forget(auth.spf);
    forget(auth.dkim);
    forget(auth.dmarc);
    forget(urls);
    forget(context);
    now.reset();
    reputation.reset();
}

const char* to_string(Step step) {
    switch (step) {
        case Step::whole:
            return "whole";
        case Step::connect:
            return "connect";
        case Step::mail:
            return "mail";
        case Step::rcpt:
            return "rcpt";
        case Step::headers:
            return "headers";
        case Step::end:
            return "end";
    }
    return "";
}

}  // namespace postern
