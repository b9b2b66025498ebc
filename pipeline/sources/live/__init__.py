"""Live sources: posts as they are published, each network behind an adapter, all of them behind one runner."""
