// SPDX-License-Identifier: Apache-2.0
#include "cache/snapshot_block.h"

#include <bit>
#include <cstring>

#include "policy/index/hash.h"

namespace postern::cache {

namespace {

constexpr std::uint64_t magic = 0x31746F6873706E73;
constexpr std::uint32_t version = 1;
constexpr std::size_t checksum_size = sizeof(std::uint64_t);
constexpr std::size_t head_size = sizeof(IpAddress::Bytes) + sizeof(ListMask);

static_assert(std::endian::native == std::endian::little);

// `at` moves behind what was written or read; there is room for it.
template <class T>
void write(SnapshotBlock& block, std::size_t& at, const T& value) {
    std::memcpy(block.data() + at, &value, sizeof value);
    at += sizeof value;
}

template <class T>
T read(const SnapshotBlock& block, std::size_t& at) {
    T value;
    std::memcpy(&value, block.data() + at, sizeof value);
    at += sizeof value;
    return value;
}

std::uint64_t checksum(const SnapshotBlock& block, std::uint64_t seed) {
    return policy::hash_of(block.data() + checksum_size, block.size() - checksum_size, seed);
}

std::uint64_t stored_checksum(const SnapshotBlock& block) {
    std::size_t at = 0;
    return read<std::uint64_t>(block, at);
}

void store_checksum(SnapshotBlock& block, std::uint64_t value) {
    std::size_t at = 0;
    write(block, at, value);
}

std::size_t size_of(ListMask lists) {
    return head_size + static_cast<std::size_t>(count(lists)) * sizeof(SnapshotRecord::Opinion);
}

}  // namespace

SnapshotBlock first_block(const SnapshotHeader& header) {
    SnapshotBlock block{};
    std::size_t at = checksum_size;
    write(block, at, magic);
    write(block, at, version);
    write(block, at, static_cast<std::uint32_t>(header.lists.size()));
    write(block, at, std::int64_t{header.written.time_since_epoch().count()});
    for (const std::uint64_t identity : header.lists) write(block, at, identity);
    store_checksum(block, checksum(block, magic));
    return block;
}

std::optional<SnapshotHeader> read_first_block(const SnapshotBlock& block) {
    if (stored_checksum(block) != checksum(block, magic)) return std::nullopt;
    std::size_t at = checksum_size;
    if (read<std::uint64_t>(block, at) != magic) return std::nullopt;
    if (read<std::uint32_t>(block, at) != version) return std::nullopt;
    const auto lists = read<std::uint32_t>(block, at);
    if (lists > lists_max) return std::nullopt;
    SnapshotHeader header;
    header.written = WallTime(std::chrono::seconds(read<std::int64_t>(block, at)));
    for (std::uint32_t list = 0; list < lists; ++list) {
        header.lists.push_back(read<std::uint64_t>(block, at));
    }
    return header;
}

BlockSeal::BlockSeal(const SnapshotBlock& first) : seed_(stored_checksum(first)) {}

void BlockSeal::close(SnapshotBlock& block, std::uint64_t number) const {
    store_checksum(block, checksum(block, seed_ + number));
}

bool BlockSeal::is_sound(const SnapshotBlock& block, std::uint64_t number) const {
    return stored_checksum(block) == checksum(block, seed_ + number);
}

BlockWriter::BlockWriter(SnapshotBlock& block) : block_(block), used_(checksum_size) {
    block_.fill(std::byte{0});
}

bool BlockWriter::add(const SnapshotRecord& record) {
    if (used_ + size_of(record.lists) > block_.size()) return false;
    write(block_, used_, record.address.bytes());
    write(block_, used_, record.lists);
    for (ListIndex list = 0; list < lists_max; ++list) {
        if ((record.lists & mask_of(list)) != 0) write(block_, used_, record.opinions[list]);
    }
    return true;
}

BlockReader::BlockReader(const SnapshotBlock& block) : block_(block), used_(checksum_size) {}

std::optional<SnapshotRecord> BlockReader::next() {
    if (used_ + head_size > block_.size()) return std::nullopt;
    SnapshotRecord record;
    record.address = IpAddress(read<IpAddress::Bytes>(block_, used_));
    record.lists = read<ListMask>(block_, used_);
    if (record.lists == 0) return std::nullopt;
    if (used_ + size_of(record.lists) - head_size > block_.size()) return std::nullopt;
    for (ListIndex list = 0; list < lists_max; ++list) {
        if ((record.lists & mask_of(list)) == 0) continue;
        record.opinions[list] = read<SnapshotRecord::Opinion>(block_, used_);
    }
    return record;
}

}  // namespace postern::cache
