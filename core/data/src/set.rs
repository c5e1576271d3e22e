//! Sets: distinct members under one key.
