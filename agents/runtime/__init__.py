"""All that leans on what Faust and aiokafka keep private; nothing else of ours does (tests/agents/test_hooks.py).

The exact versions in pyproject.toml are those that these modules were made for.
"""
