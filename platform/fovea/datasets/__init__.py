"""Images and what is done with them: datasets, patients, studies, series, instances, blobs; projects and
their members.
"""
