// SPDX-License-Identifier: Apache-2.0
//
// Packets as a mail server sends them to a milter.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "resolver/service/milter/packet.h"

namespace postern::service::milter {

inline std::string packet(std::string_view data) {
    const auto size = static_cast<std::uint32_t>(data.size());
    std::string bytes;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
    bytes += data;
    return bytes;
}

// A command with texts that end in NUL.
inline std::string command(char letter, std::initializer_list<std::string_view> texts) {
    std::string data(1, letter);
    for (const std::string_view text : texts) {
        data += text;
        data += '\0';
    }
    return packet(data);
}

// Macros for the command `letter`: names and values in turn.
inline std::string macros(char letter, std::initializer_list<std::string_view> pairs) {
    std::string data = {'D', letter};
    for (const std::string_view text : pairs) {
        data += text;
        data += '\0';
    }
    return packet(data);
}

// What Postfix 3.7 offers, unless the test wants less: version, actions, steps.
inline std::string offer(const Negotiation& offered = {6, 0x1ff, 0x1fffff}) {
    std::string data = "O";
    for (const std::uint32_t number : {offered.version, offered.actions, offered.steps}) {
        for (int shift = 24; shift >= 0; shift -= 8) data += static_cast<char>(number >> shift);
    }
    return packet(data);
}

inline std::string connect(std::string_view address, std::string_view name = "mx.sender.example") {
    std::string data = "C";
    data += name;
    data += '\0';
    data += address.find(':') == address.npos ? '4' : '6';
    data += std::string_view("\x10\xe1", 2);
    data += address;
    data += '\0';
    return packet(data);
}

inline std::string mail(std::string_view sender) {
    return command('M', {"<" + std::string(sender) + ">", "SIZE=1000"});
}
inline std::string rcpt(std::string_view recipient) {
    return command('R', {"<" + std::string(recipient) + ">"});
}
inline std::string header(std::string_view name, std::string_view value) {
    return command('L', {name, value});
}
inline std::string end_of_message() { return command('E', {}); }

// The replies, as a person would write them down: "c", "y550 5.7.1 No", "h X-Postern-Verdict:
// accept", "m1 X-Postern", "qheld", "O6 00000011 00007350".
inline std::string words_of(std::string_view replies) {
    const auto number_at = [](std::string_view bytes) {
        std::uint32_t number = 0;
        for (int i = 0; i < 4; ++i) number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
        return number;
    };
    const auto hex = [&](std::string_view bytes) {
        constexpr std::string_view digits = "0123456789abcdef";
        std::string text;
        for (int shift = 28; shift >= 0; shift -= 4) text += digits[number_at(bytes) >> shift & 15];
        return text;
    };
    std::string words;
    while (replies.size() >= 5) {
        const std::uint32_t length = number_at(replies);
        const char letter = replies[4];
        std::string_view data = replies.substr(5, length - 1);
        replies.remove_prefix(4 + length);
        if (!words.empty()) words += " | ";
        words += letter;
        if (letter == 'O') {
            words += std::to_string(number_at(data)) + " " + hex(data.substr(4)) + " " +
                     hex(data.substr(8));
            continue;
        }
        if (letter == 'm') {
            words += std::to_string(number_at(data));
            data.remove_prefix(4);
        }
        while (data.ends_with('\0')) data.remove_suffix(1);
        if (letter == 'h' || letter == 'm') words += ' ';
        const std::size_t nul = data.find('\0');
        words += data.substr(0, nul);
        if (nul != data.npos) (words += ": ") += data.substr(nul + 1);
    }
    return words + std::string(replies);
}

}  // namespace postern::service::milter
