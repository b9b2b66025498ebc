"""Where posts come from: archives, the simulator, and the networks themselves."""
