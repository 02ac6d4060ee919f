"""For instructors: a course's labs released, collected, graded, reported, all in one folder of
files.

COURSE/
  course.toml    labs with their due dates, late policy, extensions
  roster.csv     id,name,email: who is in the course
  seed           what the grader's draws follow from; keep it to yourself
  released/      what students get
  submitted/     every file that was handed in, by its checksum
  journal.jsonl  what was collected and graded, in order; only ever added to
  feedback/      a page for each student
"""
