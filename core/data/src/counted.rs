//! Order statistics: records in order, with counts by which a rank is found in O(log n) reads.
