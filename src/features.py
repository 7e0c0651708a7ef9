"""Columns of your own: one function from the rows of the source to the rows that driftloop works with.

It takes and returns an Ibis table, so it runs in the database, at any size. Rows may neither vanish nor multiply, and a column may
only use what was known at the time of its row. Write it below this text, for example:

    def features(rows):
        return rows.mutate(weekday=rows.ts.cast("timestamp").day_of_week.full_name())
"""
