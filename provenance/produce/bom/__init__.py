"""A CycloneDX bill of materials of locked models, with what is not known of them.

It has the minimum elements for a software bill of materials (NTIA 2021, CISA 2025) and for one of
AI (G7 2025): who wrote it with what and when, components with their digests and licences, what they
descend from, data, training steps; and where one of these is not known, it says so.
"""
