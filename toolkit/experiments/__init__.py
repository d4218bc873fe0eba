"""Trainings side by side: the ablation of the edge recipe, and the paper's tables."""
