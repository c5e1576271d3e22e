//! Whether the engine keeps the promises of the storage contract: every check of the conformance kit is a test here.

dredis_conformance::suite!(dredis_backend_my_engine::MyEngine);
