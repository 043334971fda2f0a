"""The tests are a package, so that they find their helpers and the checkout's packages however pytest is started."""
