"""Alerts leave the house: kept until delivered, sent to each receiver in order, never lost, never twice by key."""
