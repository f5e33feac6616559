#include "plugins/mongodb/json_bson.h"

#include <gtest/gtest.h>

#include <limits>

namespace twinlog::mongodb {
namespace {

Result<std::string> json_of_a_document_with(double value) {
  Bson document;
  BsonWriter writer(document);
  writer.begin_document("metadata").real("a", value).end();
  EXPECT_TRUE(writer.ok());
  bson_iter_t field;
  EXPECT_TRUE(bson_iter_init_find(&field, document.get(), "metadata"));
  return json_from_bson(field);
}

TEST(MongodbMetadata, ThatSomebodyWroteWithANumberThatJsonHasNotIsCorruptAndNoBytesAreMadeOfIt) {
  using Limits = std::numeric_limits<double>;
  for (const double value : {Limits::infinity(), -Limits::infinity(), Limits::quiet_NaN()}) {
    const auto json = json_of_a_document_with(value);
    ASSERT_FALSE(json);
    EXPECT_EQ(json.error().kind(), ErrorKind::kCorrupt);
  }
  EXPECT_EQ(*json_of_a_document_with(Limits::max()), R"({"a":1.7976931348623157e+308})");
}

TEST(MongodbMetadata, InWhichANameStandsTwiceIsCorruptAtAnyDepth) {
  for (const bool is_deep : {false, true}) {
    Bson document;
    BsonWriter writer(document);
    writer.begin_document("metadata");
    if (is_deep) {
      writer.begin_document("inner");
    }
    writer.text("a", "shown").text("b", "").text("a", "signed");
    if (is_deep) {
      writer.end();
    }
    writer.end();
    ASSERT_TRUE(writer.ok());
    bson_iter_t field;
    ASSERT_TRUE(bson_iter_init_find(&field, document.get(), "metadata"));
    const auto json = json_from_bson(field);
    ASSERT_FALSE(json) << *json;
    EXPECT_EQ(json.error().kind(), ErrorKind::kCorrupt);
  }
}

}  // namespace
}  // namespace twinlog::mongodb
