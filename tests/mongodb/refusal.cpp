#include "tests/mongodb/refusal.h"

#include <bson/bson.h>

#include <cstring>
#include <string_view>
#include <vector>

namespace twinlog::testing {
namespace {

constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kSections = kHeaderBytes + 4;  // Flags come first.

bson_t view_of(std::string_view bytes) {
  bson_t document;
  bson_init_static(&document, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return document;
}

/// The _id of a document to insert, or of an update's filter.
std::string id_of(std::string_view document) {
  const bson_t whole = view_of(document);
  bson_iter_t iter;
  bson_iter_t found;
  bson_iter_init(&iter, &whole);
  if (!bson_iter_find_descendant(&iter, "q._id", &found)) {
    bson_iter_init_find(&found, &whole, "_id");
  }
  return BSON_ITER_HOLDS_UTF8(&found) ? bson_iter_utf8(&found, nullptr) : "";
}

Frame message(const Frame& like, const std::string& sections) {
  Frame frame;
  put_number(frame.bytes, static_cast<std::int32_t>(kSections + sections.size()));
  frame.bytes += like.bytes.substr(4, kSections - 4) + sections;
  return frame;
}

/// A command without what is refused, and where that stood.
struct Sifted {
  std::string sections;
  std::vector<std::int32_t> refused;
  std::vector<std::int32_t> kept;
};

Sifted sift(const Frame& request, const std::set<std::string>& ids) {
  Sifted sifted;
  for (std::size_t at = kSections; at < request.bytes.size();) {
    const char kind = request.bytes[at];
    const std::size_t end = at + 1 + static_cast<std::size_t>(request.number_at(at + 1));
    if (kind == 0) {
      sifted.sections += request.bytes.substr(at, end - at);
      at = end;
      continue;
    }
    const std::string name = request.bytes.c_str() + at + 5;
    std::string documents;
    std::int32_t number = 0;
    for (at += 5 + name.size() + 1; at < end; ++number) {
      const auto document = request.bytes.substr(at, static_cast<std::size_t>(request.number_at(at)));
      const bool is_refused = ids.contains(id_of(document));
      (is_refused ? sifted.refused : sifted.kept).push_back(number);
      documents += is_refused ? "" : document;
      at += document.size();
    }
    sifted.sections += kind;
    put_number(sifted.sections, static_cast<std::int32_t>(4 + name.size() + 1 + documents.size()));
    sifted.sections.append(name).append(1, '\0').append(documents);
  }
  return sifted;
}

void append_error(bson_t& errors, std::uint32_t& number, std::int32_t index, std::int32_t code) {
  bson_t error;
  const std::string key = std::to_string(number++);
  bson_append_document_begin(&errors, key.c_str(), -1, &error);
  bson_append_int32(&error, "index", -1, index);
  bson_append_int32(&error, "code", -1, code);
  bson_append_utf8(&error, "errmsg", -1, "Document failed validation: 4711", -1);
  bson_append_document_end(&errors, &error);
}

/// The server's own write errors, with the indexes of the whole command.
void append_errors_of(const bson_t& reply, const Sifted& sifted, bson_t& errors, std::uint32_t& number) {
  bson_iter_t array;
  bson_iter_t element;
  if (!bson_iter_init_find(&array, &reply, "writeErrors") || !bson_iter_recurse(&array, &element)) {
    return;
  }
  while (bson_iter_next(&element)) {
    bson_iter_t index;
    bson_iter_t code;
    bson_iter_recurse(&element, &index);
    code = index;
    bson_iter_find(&index, "index");
    bson_iter_find(&code, "code");
    append_error(errors, number, sifted.kept.at(static_cast<std::size_t>(bson_iter_as_int64(&index))),
                 static_cast<std::int32_t>(bson_iter_as_int64(&code)));
  }
}

Frame reply_of(const Frame& request, const bson_t& document) {
  std::string sections(1, '\0');
  sections.append(reinterpret_cast<const char*>(bson_get_data(&document)), document.len);
  Frame reply = message(request, sections);
  std::string ids;
  put_number(ids, std::int32_t{1});
  put_number(ids, request.request_id());
  reply.bytes.replace(4, 8, ids);
  return reply;
}

}  // namespace

std::optional<Frame> reply_with(const Refusal& refusal, const Frame& request,
                                const std::function<std::optional<Frame>(const Frame&)>& ask) {
  const Sifted sifted = sift(request, refusal.ids);
  if (sifted.refused.empty()) {
    return ask(request);
  }
  bson_t document = BSON_INITIALIZER;
  std::int32_t done = 0;
  bson_t errors;
  std::uint32_t number = 0;
  if (refusal.fails_commands) {
    bson_append_int32(&document, "ok", -1, 0);
    bson_append_int32(&document, "code", -1, refusal.code);
    bson_append_utf8(&document, "errmsg", -1, "4711", -1);
  } else {
    bson_append_int32(&document, "ok", -1, 1);
    bson_append_array_begin(&document, "writeErrors", -1, &errors);
    for (const std::int32_t index : sifted.refused) {
      append_error(errors, number, index, refusal.code);
    }
    if (!sifted.kept.empty()) {
      const auto reply = ask(message(request, sifted.sections));
      if (!reply) {
        return std::nullopt;
      }
      const bson_t answer = view_of(std::string_view(reply->bytes).substr(kSections + 1));
      append_errors_of(answer, sifted, errors, number);
      bson_iter_t n;
      done = bson_iter_init_find(&n, &answer, "n") ? static_cast<std::int32_t>(bson_iter_as_int64(&n)) : 0;
    }
    bson_append_array_end(&document, &errors);
    bson_append_int32(&document, "n", -1, done);
    bson_append_int32(&document, "nModified", -1, done);
  }
  Frame reply = reply_of(request, document);
  bson_destroy(&document);
  return reply;
}

}  // namespace twinlog::testing
