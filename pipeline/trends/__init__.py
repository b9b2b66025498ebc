"""From posts to explained trends: panes, people samples, windows, baseline, score, lists. Pure."""
