"""Where results go: Redis for other programs, Prometheus for boards and alarms."""
