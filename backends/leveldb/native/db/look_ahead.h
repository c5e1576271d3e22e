// Looking ahead through a batch before it goes into a memtable (see build.rs).

#ifndef DREDIS_LEVELDB_LOOK_AHEAD_H_
#define DREDIS_LEVELDB_LOOK_AHEAD_H_

#include <vector>

#include "db/memtable.h"
#include "leveldb/write_batch.h"

namespace leveldb {

// Collects the keys of a batch.
class LookAhead : public WriteBatch::Handler {
 public:
  // Has the processor fetch what inserting this batch will look at.
  static void Touch(const WriteBatch* batch, const MemTable* memtable) {
    LookAhead ahead;
    // What is wrong with the batch is found again when it is inserted.
    batch->Iterate(&ahead);
    // Fewer are not worth it.
    const size_t kFewest = 4;
    if (ahead.keys_.size() >= kFewest) memtable->Touch(ahead.keys_.data(), ahead.keys_.size());
  }

  void Put(const Slice& key, const Slice& value) override { keys_.push_back(key); }
  void Delete(const Slice& key) override { keys_.push_back(key); }

 private:
  std::vector<Slice> keys_;
};

}  // namespace leveldb

#endif  // DREDIS_LEVELDB_LOOK_AHEAD_H_
