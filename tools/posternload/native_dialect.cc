// SPDX-License-Identifier: Apache-2.0
#include "resolver/service/native.h"

#include "tools/posternload/dialect.h"

namespace postern::load {

namespace {

namespace native = service::native;

class Native final : public Dialect {
  public:
    const char* name() const override { return "native"; }
    bool tagged() const override { return true; }
    bool tells_degraded() const override { return true; }

    void append_request(std::string& out, const IpAddress& client, std::uint32_t number) override {
        const native::Fixed frame = native::encode(native::Query{.tag = number, .client = client});
        out.append(frame.data(), frame.size());
    }

    Reply read(std::string_view bytes) override {
        if (static_cast<std::uint8_t>(bytes[0]) != native::mark) {
            return {.malformed = "a frame of the native dialect, version 1, was expected"};
        }
        if (bytes.size() < native::text_header_size) return {};
        const native::Header header = native::read_header(bytes);
        if (native::has_text(header.kind)) return read_text(bytes, header);
        if (bytes.size() < native::fixed_size) return {};

        const std::optional<native::Answer> answer =
            header.kind == native::Kind::answer ? native::decode_answer(bytes) : std::nullopt;
        if (!answer) return {.malformed = "a frame that is no answer"};
        return {.size = native::fixed_size,
                .action = answer->action,
                .degraded = answer->degraded,
                .number = answer->tag};
    }

  private:
    static Reply read_text(std::string_view bytes, const native::Header& header) {
        if (header.kind != native::Kind::error) return {.malformed = "a frame that is no answer"};
        const std::size_t length = native::text_length(bytes);
        if (length > native::text_size_max) return {.malformed = "an error of more than 1 MiB"};
        const std::size_t size = native::text_header_size + length;
        if (bytes.size() < size) return {};
        return {.size = size,
                .number = header.tag,
                .complaint = bytes.substr(native::text_header_size, length)};
    }
};

}  // namespace

std::unique_ptr<Dialect> make_native() { return std::make_unique<Native>(); }

}  // namespace postern::load
