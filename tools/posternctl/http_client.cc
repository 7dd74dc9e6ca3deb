// SPDX-License-Identifier: Apache-2.0
#include "tools/posternctl/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <memory>

namespace postern::ctl {

namespace {

constexpr long patience_seconds = 90;  // longer than any deadline may be

std::size_t append(char* bytes, std::size_t size, std::size_t count, void* user) noexcept {
    static_cast<std::string*>(user)->append(bytes, size * count);
    return size * count;
}

}  // namespace

tl::expected<HttpReply, std::string> request(const std::string& socket, const std::string& method,
                                             const std::string& path, const std::string& body) {
    const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
    if (!curl) return tl::unexpected(std::string("cannot start an HTTP client"));
    const std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(
        curl_slist_append(nullptr, "Content-Type: application/json"), curl_slist_free_all);

    HttpReply reply;
    curl_easy_setopt(curl.get(), CURLOPT_UNIX_SOCKET_PATH, socket.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_URL, ("http://localhost" + path).c_str());
    curl_easy_setopt(curl.get(), CURLOPT_CUSTOMREQUEST, method.c_str());
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, patience_seconds);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
    curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &reply.body);
    if (!body.empty() || method == "POST") {
        curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
        curl_easy_setopt(curl.get(), CURLOPT_COPYPOSTFIELDS, body.c_str());
    }
    if (const CURLcode done = curl_easy_perform(curl.get()); done != CURLE_OK) {
        return tl::unexpected(
            fmt::format("cannot reach posternd on {}: {}; is it running, and may you use "
                        "that socket? (--socket names another)",
                        socket, curl_easy_strerror(done)));
    }
    curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &reply.status);
    return reply;
}

}  // namespace postern::ctl
