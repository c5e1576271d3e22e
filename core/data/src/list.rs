//! Lists: elements in the order in which they were put, reached from either end or by place.
