// SPDX-License-Identifier: Apache-2.0
#include "resolver/admin/admin_server.h"

#include <fmt/format.h>
#include <microhttpd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "resolver/admin/routes.h"
#include "resolver/config/endpoint_text.h"
#include "resolver/io/descriptors.h"
#include "resolver/supervisor.h"

namespace postern::admin {

namespace {

constexpr std::size_t body_max = 4U << 20;
// Each connection has a thread: a check may wait for its deadline, and holds nobody up meanwhile.
constexpr unsigned connections_max = 128;
constexpr unsigned idle_seconds_max = 30;

MHD_Result answer(MHD_Connection* connection, const Response& response) {
    MHD_Response* const made = MHD_create_response_from_buffer(
        response.body.size(), const_cast<char*>(response.body.data()), MHD_RESPMEM_MUST_COPY);
    if (made == nullptr) return MHD_NO;
    MHD_add_response_header(made, MHD_HTTP_HEADER_CONTENT_TYPE, response.content_type);
    const MHD_Result queued = MHD_queue_response(connection, response.status, made);
    MHD_destroy_response(made);
    return queued;
}

// Of the part behind the question mark.
Arguments arguments_of(MHD_Connection* connection) {
    Arguments arguments;
    MHD_get_connection_values(
        connection, MHD_GET_ARGUMENT_KIND,
        [](void* all, MHD_ValueKind, const char* name, const char* value) noexcept {
            static_cast<Arguments*>(all)->emplace_back(name, value == nullptr ? "" : value);
            return MHD_YES;
        },
        &arguments);
    return arguments;
}

// Called for the head of a request, then for each piece of its body, then once more.
MHD_Result on_request(void* user, MHD_Connection* connection, const char* path, const char* method,
                      const char*, const char* piece, std::size_t* piece_size,
                      void** state) noexcept {
    auto* body = static_cast<std::string*>(*state);
    if (body == nullptr) {
        *state = new std::string;
        return MHD_YES;
    }
    if (*piece_size > 0) {
        if (body->size() + *piece_size > body_max) return MHD_NO;
        body->append(piece, *piece_size);
        *piece_size = 0;
        return MHD_YES;
    }
    const char* const accept =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    return answer(connection,
                  respond(*static_cast<Daemon*>(user), {.method = method,
                                                        .path = path,
                                                        .arguments = arguments_of(connection),
                                                        .accept = accept == nullptr ? "" : accept,
                                                        .body = *body}));
}

void on_completed(void*, MHD_Connection*, void** state, MHD_RequestTerminationCode) noexcept {
    delete static_cast<std::string*>(*state);
    *state = nullptr;
}

tl::expected<int, std::string> listen_on(const io::Endpoint& endpoint) {
    const int fd = io::listen_tcp(endpoint, io::Sharing::alone);
    if (fd < 0)
        return tl::unexpected(fmt::format("admin.listen {}: cannot listen there: {}",
                                          config::to_string(endpoint), std::strerror(errno)));
    return fd;
}

}  // namespace

AdminServer::~AdminServer() { stop(); }

tl::expected<void, std::string> AdminServer::start(const config::AdminConfig& config,
                                                   const std::string& group) {
    auto socket =
        supervisor::open_socket("admin", {.path = config.socket, .mode = 0660, .group = group});
    if (!socket) return tl::unexpected(socket.error());
    socket_ = std::make_unique<service::UnixSocket>(std::move(*socket));
    if (auto served = serve(socket_->duplicate(), config.socket); !served) return served;
    if (!config.listen) return {};

    const auto listener = listen_on(*config.listen);
    if (!listener) return tl::unexpected(listener.error());
    return serve(*listener, config::to_string(*config.listen));
}

tl::expected<void, std::string> AdminServer::serve(int listener, const std::string& name) {
    Server server(MHD_start_daemon(
        MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL |
            MHD_USE_ITC,
        0, nullptr, nullptr, on_request, &daemon_, MHD_OPTION_LISTEN_SOCKET, listener,
        MHD_OPTION_CONNECTION_LIMIT, connections_max, MHD_OPTION_CONNECTION_TIMEOUT,
        idle_seconds_max, MHD_OPTION_NOTIFY_COMPLETED, on_completed, nullptr, MHD_OPTION_END));
    if (!server) {
        ::close(listener);
        return tl::unexpected(fmt::format("cannot serve the admin interface on {}", name));
    }
    servers_.push_back(std::move(server));
    return {};
}

void AdminServer::stop() {
    socket_.reset();
    servers_.clear();
}

// The listener is taken away first, or the library would shut it down, and with it the one that a
// supervisor holds for the next daemon.
void AdminServer::Stop::operator()(MHD_Daemon* server) const {
    const int listener = MHD_quiesce_daemon(server);
    MHD_stop_daemon(server);
    if (listener >= 0) ::close(listener);
}

}  // namespace postern::admin
