// SPDX-License-Identifier: Apache-2.0
#include "resolver/io/spread.h"

#include <algorithm>

namespace postern::io {

Spread::Spread(std::vector<Place> places) {
    for (Place& place : places) loads_.push_back({.place = std::move(place)});
}

bool Spread::take_over(int fd) {
    const auto least =
        std::min_element(loads_.begin(), loads_.end(),
                         [](const Load& a, const Load& b) { return a.open() < b.open(); });
    ++least->came;
    if (least == loads_.begin()) return false;
    least->place.loop->post(
        [fd, loop = least->place.loop, events = least->place.events] { loop->adopt(fd, *events); });
    return true;
}

void Spread::tell_others_of_failure(int error) {
    for (auto load = loads_.begin() + 1; load != loads_.end(); ++load) {
        load->place.loop->post(
            [error, events = load->place.events] { events->on_accept_failed({}, error); });
    }
}

}  // namespace postern::io
