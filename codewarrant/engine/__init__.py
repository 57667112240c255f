"""The rules engine: a program and facts in, conclusions and a trace out.

It knows entities, coded fields, stages and standing; nothing of medicine, FHIR, files or clocks.
"""
