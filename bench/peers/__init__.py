"""What a user would write instead, with the best idiom of each library that we know.

None of it is exact, and none knows an undetermined verdict.
"""
