"""Pictures of records: read them (records), group them (groups), say what is to be seen (chart, kinds/),
draw it on paper (sheet) or on a page (page).

A kind of picture is one file in kinds/: SUMMARY, one sentence, and chart(runs), which returns a chart.Chart
or raises Failure where a record lacks what it needs. The command line, `pinlab list plots` and the report
follow from the folder.
"""
