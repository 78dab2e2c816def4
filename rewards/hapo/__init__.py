"""HAPO's reward and the history of lengths that it remembers."""
