// The order of a memtable: takes the place of LevelDB's own header of this name (see build.rs).
//
// LevelDB's is a list whose nodes point to keys: a search waits for the memory twice at each of some twenty nodes. This is a B-tree
// whose nodes hold the beginnings of their keys: a search waits for two or three nodes.
//
// One thread inserts, others may read meanwhile. A node that is being changed has an odd version. A reader notes the version of a node
// before it looks, and looks again if it has become another one; on its way down it also makes sure, after it has
// noted a child's version, that the parent's is still the same. Nothing is ever removed: a split leaves the lower half where it was,
// and nodes stay until the memtable goes.
//
// The user's keys must be in the order of their bytes.

#ifndef DREDIS_LEVELDB_SKIPLIST_H_
#define DREDIS_LEVELDB_SKIPLIST_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <thread>

#include "leveldb/slice.h"
#include "util/arena.h"
#include "util/coding.h"

namespace leveldb {

// The name that memtable.h asks for. `Key` is a memtable's entry: the length of the internal key, that key (the user's and a tag of
// 8 bytes), and more; it must not change.
template <typename Key, class Comparator>
class SkipList {
  struct Place;
  struct Sought;
  struct Node;
  struct Inner;

 public:
  // Nodes are allocated in `arena`, which has to live as long.
  SkipList(Comparator compare, Arena* arena)
      : compare_(compare), arena_(arena), first_leaf_(New<Node>(true)), root_(first_leaf_) {}

  SkipList(const SkipList&) = delete;
  SkipList& operator=(const SkipList&) = delete;

  // There must be no equal key yet.
  void Insert(const Key& key) {
    const Sought sought(key);
    Node* node = root_.load(std::memory_order_relaxed);
    if (node->IsFull()) {
      Inner* root = New<Inner>();
      root->Add(0, node);
      Split(root, 0);
      node = root;
    }
    while (!node->is_leaf) {
      Inner* inner = static_cast<Inner*>(node);
      const int at = ChildFor(inner, sought, kNotBelow);
      Node* child = inner->Child(at);
      child->Prefetch();
      if (child->IsFull()) {
        Split(inner, at);
        child = inner->Child(ChildFor(inner, sought, kNotBelow));
      }
      node = child;
    }
    const Changing changing(node);
    Slot* slot = node->MakeRoom(CountBelow(node, sought, kNotBelow));
    for (size_t word = 0; word < kWords; word++) {
      slot->words[word].store(sought.words[word], std::memory_order_relaxed);
    }
    slot->key.store(key, std::memory_order_relaxed);
  }

  // Has the processor fetch the nodes into which these users' keys go: for all of them one level after the other, as inserting
  // would wait for one node after the other. For whoever inserts.
  void Touch(const Slice* user_keys, size_t count) const {
    while (count > 0) {
      const size_t together = count < kTouchedTogether ? count : kTouchedTogether;
      TouchTogether(user_keys, together);
      user_keys += together;
      count -= together;
    }
  }

  class Iterator {
   public:
    // Stands nowhere yet.
    explicit Iterator(const SkipList* list) : list_(list), place_() {}

    bool Valid() const { return place_.key != nullptr; }
    const Key& key() const { return place_.key; }
    void Next() { list_->StepOn(&place_); }
    void Prev() { list_->FindLastBelow(Sought(place_.key), &place_); }
    void Seek(const Key& key) { list_->FindFirst(Sought(key), kNotBelow, &place_); }
    void SeekToFirst() { list_->GoToFirstOf(list_->first_leaf_, &place_); }
    void SeekToLast() { list_->FindLast(&place_); }

   private:
    const SkipList* list_;
    typename SkipList::Place place_;
  };

 private:
  static const int kSlots = 16;
  static const size_t kWords = 4;
  // As many as fit into the nearest caches with their nodes.
  static const size_t kTouchedTogether = 32;

  // Which keys are looked for: those not below the one that was given, or those above it.
  enum Side { kNotBelow, kAbove };

  // A key that is looked for, with its beginning.
  struct Sought {
    Key key;
    // The first bytes of the user's key as numbers in their order; zeros stand behind a short one.
    uint64_t words[kWords];

    explicit Sought(const Key& key) : key(key) {
      uint32_t internal_bytes;
      const char* user_key = GetVarint32Ptr(key, key + 5, &internal_bytes);
      Begin(user_key, internal_bytes - 8);
    }

    // All there is of a key that was not written down as an entry. Where its beginning does not decide, it counts as the first.
    explicit Sought(const Slice& user_key) : key(nullptr) { Begin(user_key.data(), user_key.size()); }

   private:
    void Begin(const char* user_key, size_t bytes) {
      unsigned char start[sizeof(words)] = {0};
      memcpy(start, user_key, bytes < sizeof(start) ? bytes : sizeof(start));
      for (size_t word = 0; word < kWords; word++) {
        uint64_t number = 0;
        for (size_t at = 0; at < 8; at++) number = number << 8 | start[word * 8 + at];
        words[word] = number;
      }
    }
  };

  struct Slot {
    std::atomic<uint64_t> words[kWords];
    std::atomic<Key> key;

    void Copy(const Slot& other) {
      for (size_t word = 0; word < kWords; word++) {
        words[word].store(other.words[word].load(std::memory_order_relaxed), std::memory_order_relaxed);
      }
      key.store(other.key.load(std::memory_order_relaxed), std::memory_order_relaxed);
    }
  };

  struct Node {
    std::atomic<uint32_t> version;
    std::atomic<int> count;
    const bool is_leaf;
    // Of a leaf: the one behind it.
    std::atomic<Node*> next;
    Slot slots[kSlots];

    explicit Node(bool is_leaf) : version(0), count(0), is_leaf(is_leaf), next(nullptr) {
      for (Slot& slot : slots) {
        for (auto& word : slot.words) word.store(0, std::memory_order_relaxed);
        slot.key.store(nullptr, std::memory_order_relaxed);
      }
    }

    bool IsFull() const { return count.load(std::memory_order_relaxed) == kSlots; }

    void Prefetch() const {
      const size_t kLineBytes = 64;
      for (size_t at = 0; at < sizeof(Node); at += kLineBytes) {
        __builtin_prefetch(reinterpret_cast<const char*>(this) + at);
      }
    }

    // For whoever changes the node: moves what stands at `at` and behind it.
    Slot* MakeRoom(int at) {
      const int now = count.load(std::memory_order_relaxed);
      for (int to = now; to > at; to--) slots[to].Copy(slots[to - 1]);
      count.store(now + 1, std::memory_order_relaxed);
      return &slots[at];
    }

    // The version of a moment in which nobody changes it.
    uint32_t Version() const {
      for (int tries = 0;; tries++) {
        const uint32_t now = version.load(std::memory_order_acquire);
        if (now % 2 == 0) return now;
        // Whoever changes it may wait for this processor.
        if (tries > 100) std::this_thread::yield();
      }
    }

    // Whether what was read since it had this version is of one moment.
    bool IsStill(uint32_t noted) const {
      std::atomic_thread_fence(std::memory_order_acquire);
      return version.load(std::memory_order_relaxed) == noted;
    }
  };

  // A node with children. Each holds what is not below its slot and below the next one; the first also what is below its slot.
  struct Inner : Node {
    std::atomic<Node*> children[kSlots];

    Inner() : Node(false) {
      for (auto& child : children) child.store(nullptr, std::memory_order_relaxed);
    }

    Node* Child(int at) const { return children[at].load(std::memory_order_acquire); }

    // For whoever changes the node: puts a child in, which is not empty.
    void Add(int at, Node* child) {
      for (int to = this->count.load(std::memory_order_relaxed); to > at; to--) {
        children[to].store(Child(to - 1), std::memory_order_relaxed);
      }
      children[at].store(child, std::memory_order_relaxed);
      this->MakeRoom(at)->Copy(child->slots[0]);
    }
  };

  // A change of a node that readers may be looking at. What its owner wrote before it began can be seen by who sees a part of it.
  class Changing {
   public:
    explicit Changing(Node* node) : node_(node), version_(node->version.load(std::memory_order_relaxed)) {
      node_->version.store(version_ + 1, std::memory_order_relaxed);
      std::atomic_thread_fence(std::memory_order_release);
    }
    ~Changing() { node_->version.store(version_ + 2, std::memory_order_release); }
    Changing(const Changing&) = delete;
    Changing& operator=(const Changing&) = delete;

   private:
    Node* const node_;
    const uint32_t version_;
  };

  // A key and where it stood when its leaf had that version; no key: nowhere.
  struct Place {
    Key key;
    const Node* leaf;
    uint32_t version;
    int at;
  };

  template <typename N, typename... Arguments>
  N* New(Arguments... arguments) {
    return new (arena_->AllocateAligned(sizeof(N))) N(arguments...);
  }

  // Moves the upper half of a full child into a new node, for which the parent has room.
  void Split(Inner* parent, int at) {
    Node* child = parent->Child(at);
    Node* upper = child->is_leaf ? New<Node>(true) : New<Inner>();
    const int kept = kSlots / 2;
    const Changing changing_parent(parent);
    const Changing changing_child(child);
    for (int from = kept; from < kSlots; from++) {
      if (child->is_leaf) {
        upper->MakeRoom(from - kept)->Copy(child->slots[from]);
      } else {
        static_cast<Inner*>(upper)->Add(from - kept, static_cast<Inner*>(child)->Child(from));
      }
    }
    upper->next.store(child->next.load(std::memory_order_relaxed), std::memory_order_relaxed);
    // Whoever comes to the new nodes sees all of them.
    std::atomic_thread_fence(std::memory_order_release);
    child->next.store(upper, std::memory_order_relaxed);
    child->count.store(kept, std::memory_order_relaxed);
    parent->Add(at + 1, upper);
    // While the child counts as being changed: who goes on from there notices that it is not the root any more.
    if (root_.load(std::memory_order_relaxed) == child) root_.store(parent, std::memory_order_relaxed);
  }

  // A reader may see a node between two moments: then the answer is any, and nothing else happens.
  bool IsBelow(const Slot& slot, const Sought& sought, Side side) const {
    for (size_t word = 0; word < kWords; word++) {
      const uint64_t number = slot.words[word].load(std::memory_order_relaxed);
      if (number != sought.words[word]) return number < sought.words[word];
    }
    const Key key = slot.key.load(std::memory_order_acquire);
    if (key == nullptr || sought.key == nullptr) return false;
    const int order = compare_(key, sought.key);
    return side == kAbove ? order <= 0 : order < 0;
  }

  // How many slots stand before all that is looked for.
  int CountBelow(const Node* node, const Sought& sought, Side side) const {
    int low = 0;
    int high = node->count.load(std::memory_order_relaxed);
    while (low < high) {
      const int middle = (low + high) / 2;
      if (IsBelow(node->slots[middle], sought, side)) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // In which child the last key stands that is not looked for, or would stand.
  int ChildFor(const Node* node, const Sought& sought, Side side) const {
    const int below = CountBelow(node, sought, side);
    return below == 0 ? 0 : below - 1;
  }

  void TouchTogether(const Slice* user_keys, size_t count) const {
    const Node* nodes[kTouchedTogether];
    for (size_t at = 0; at < count; at++) nodes[at] = root_.load(std::memory_order_relaxed);
    // All leaves are equally deep.
    while (!nodes[0]->is_leaf) {
      for (size_t at = 0; at < count; at++) {
        const Inner* inner = static_cast<const Inner*>(nodes[at]);
        nodes[at] = inner->Child(ChildFor(inner, Sought(user_keys[at]), kNotBelow));
        nodes[at]->Prefetch();
      }
    }
  }

  // The leaf to which `choose` leads from node to node, and its version.
  template <typename Choose>
  const Node* Descend(Choose choose, uint32_t* version) const {
    while (true) {
      const Node* node = root_.load(std::memory_order_acquire);
      uint32_t noted = node->Version();
      if (node != root_.load(std::memory_order_relaxed)) continue;
      while (!node->is_leaf) {
        const Node* child = static_cast<const Inner*>(node)->Child(choose(node));
        if (child == nullptr) break;
        child->Prefetch();
        const uint32_t noted_of_child = child->Version();
        if (!node->IsStill(noted)) break;
        node = child;
        noted = noted_of_child;
      }
      if (node->is_leaf) {
        *version = noted;
        return node;
      }
    }
  }

  // The first key of the side.
  void FindFirst(const Sought& sought, Side side, Place* place) const {
    while (true) {
      uint32_t version;
      const Node* leaf =
          Descend([&](const Node* node) { return ChildFor(node, sought, side); }, &version);
      if (GoTo(leaf, version, CountBelow(leaf, sought, side), place)) return;
    }
  }

  // The last key below.
  void FindLastBelow(const Sought& sought, Place* place) const {
    while (true) {
      uint32_t version;
      const Node* leaf =
          Descend([&](const Node* node) { return ChildFor(node, sought, kNotBelow); }, &version);
      const int below = CountBelow(leaf, sought, kNotBelow);
      if (below > 0 ? GoTo(leaf, version, below - 1, place) : GoNowhere(leaf, version, place)) return;
    }
  }

  void FindLast(Place* place) const {
    while (true) {
      uint32_t version;
      const auto last = [](const Node* node) { return node->count.load(std::memory_order_relaxed) - 1; };
      const Node* leaf = Descend(last, &version);
      const int at = last(leaf);
      if (at >= 0 ? GoTo(leaf, version, at, place) : GoNowhere(leaf, version, place)) return;
    }
  }

  void StepOn(Place* place) const {
    const Place before = *place;
    if (!GoTo(before.leaf, before.version, before.at + 1, place)) {
      FindFirst(Sought(before.key), kAbove, place);
    }
  }

  void GoToFirstOf(const Node* leaf, Place* place) const {
    while (!GoTo(leaf, leaf->Version(), 0, place)) {
    }
  }

  // Goes to a slot, or if it is behind the leaf's last one to the first of the next leaf, which is never empty. False: the leaf has
  // another version.
  bool GoTo(const Node* leaf, uint32_t version, int at, Place* place) const {
    if (at < leaf->count.load(std::memory_order_relaxed)) {
      const Key key = leaf->slots[at].key.load(std::memory_order_acquire);
      if (!leaf->IsStill(version)) return false;
      *place = Place{key, leaf, version, at};
      return true;
    }
    const Node* next = leaf->next.load(std::memory_order_acquire);
    if (!leaf->IsStill(version)) return false;
    if (next == nullptr) {
      *place = Place();
    } else {
      GoToFirstOf(next, place);
    }
    return true;
  }

  bool GoNowhere(const Node* leaf, uint32_t version, Place* place) const {
    *place = Place();
    return leaf->IsStill(version);
  }

  Comparator const compare_;
  Arena* const arena_;
  Node* const first_leaf_;
  std::atomic<Node*> root_;
};

}  // namespace leveldb

#endif  // DREDIS_LEVELDB_SKIPLIST_H_
