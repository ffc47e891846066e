"""The formats of others, bytes to values: bundles, envelopes, statements, manifests. Unverified."""
