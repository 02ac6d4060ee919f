"""TASK_TITLE: a line between two clouds of points, in both frameworks. Replace it by your own task."""
