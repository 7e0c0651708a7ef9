"""`driftloop doctor`: what could stop the loop. Facts are read, then judged by one table; nothing is written."""
