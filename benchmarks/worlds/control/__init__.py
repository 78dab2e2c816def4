"""Tasks of gymnasium with our learners and their peers on them, measured alike."""
