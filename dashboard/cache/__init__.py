"""The only caches of the program, one topic a module; pages say `cache.name(...)`.

A new topic is a module and a line here. Models are shared by all users; what comes from a photo belongs to one session.
No function may have the name of a module, or it would hide it.
"""
# ruff: noqa: F401

from dashboard.cache.asked import recipe_studies, seeds_compared, short_runs
from dashboard.cache.compared import comparison, pairs
from dashboard.cache.confidence import confidences, distances, roc
from dashboard.cache.engines import engine_comparison
from dashboard.cache.evidence import raters, reference, reports, uncalibrated
from dashboard.cache.explained import (
    askable,
    average_map_studies,
    first_kernels,
    mean_faces,
    methods_of,
    points_of_picture,
    sanity_studies,
    sanity_verdicts,
    what_if_studies,
    without,
)
from dashboard.cache.fer2013 import cleaning_report, dataset, images, near_search, picture
from dashboard.cache.kept import Stored, stored, weight_shapes
from dashboard.cache.maps import made_layers, made_maps, map_key
from dashboard.cache.models import cards, predictor, queue
from dashboard.cache.people import (
    Beside,
    agreed,
    all_answers,
    beside,
    class_answers,
    class_people,
    class_score,
    face_uri,
    fer2013_faces,
    lent_faces,
    quiz_database,
    quiz_faces,
)
from dashboard.cache.photos import detector, example_photo, reader
from dashboard.cache.settled import settle
from dashboard.cache.sizes import crop_rules, face_sizes, without_face_sizes
from dashboard.cache.workplace import (
    EXAMPLE,
    STAGES,
    boxed,
    evaluations,
    example_work,
    new_work_id,
    read_by,
    stages,
    thumbnail,
    works,
)
