"""Answers as a recorded archive of ``megaplan_doctor`` says (docs/trace.md): a user's oddity becomes a test.

A request is answered like the recorded one with the same method, path, query and body. If there is none, like the
next one that differs only in what depends on the day or on the number of rows. If there is none of those either, a
list is at its end, and anything else does not exist.
"""
