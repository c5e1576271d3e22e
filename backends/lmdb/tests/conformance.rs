//! Every check of the conformance kit, as a test case by its name.

dredis_conformance::suite!(dredis_backend_lmdb::Lmdb);
