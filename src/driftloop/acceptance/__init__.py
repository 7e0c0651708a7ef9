"""The label new-normal on an alert: a pull request that accepts changes of columns as normal."""
