"""What `dashboard.cache` offers, and from where: read by type checkers, and by `lazy_loader` when a page asks."""

from .asked import (
    recipe_studies as recipe_studies,
)
from .asked import (
    seeds_compared as seeds_compared,
)
from .asked import (
    short_runs as short_runs,
)
from .compared import comparison as comparison
from .compared import pairs as pairs
from .confidence import (
    confidences as confidences,
)
from .confidence import (
    distances as distances,
)
from .confidence import (
    roc as roc,
)
from .engines import engine_comparison as engine_comparison
from .evidence import (
    raters as raters,
)
from .evidence import (
    reference as reference,
)
from .evidence import (
    reports as reports,
)
from .evidence import (
    reports_on as reports_on,
)
from .evidence import (
    uncalibrated as uncalibrated,
)
from .explained import (
    askable as askable,
)
from .explained import (
    average_map_studies as average_map_studies,
)
from .explained import (
    first_kernels as first_kernels,
)
from .explained import (
    mean_faces as mean_faces,
)
from .explained import (
    methods_of as methods_of,
)
from .explained import (
    points_of_picture as points_of_picture,
)
from .explained import (
    sanity_studies as sanity_studies,
)
from .explained import (
    sanity_verdicts as sanity_verdicts,
)
from .explained import (
    what_if_studies as what_if_studies,
)
from .explained import (
    without as without,
)
from .fer2013 import (
    cleaning_report as cleaning_report,
)
from .fer2013 import (
    dataset as dataset,
)
from .fer2013 import (
    images as images,
)
from .fer2013 import (
    near_search as near_search,
)
from .fer2013 import (
    picture as picture,
)
from .fer2013 import (
    tagger_agreement as tagger_agreement,
)
from .kept import (
    Stored as Stored,
)
from .kept import (
    stored as stored,
)
from .kept import (
    weight_shapes as weight_shapes,
)
from .maps import (
    made_layers as made_layers,
)
from .maps import (
    made_maps as made_maps,
)
from .maps import (
    map_key as map_key,
)
from .models import (
    cards as cards,
)
from .models import (
    predictor as predictor,
)
from .models import (
    queue as queue,
)
from .people import (
    Beside as Beside,
)
from .people import (
    agreed as agreed,
)
from .people import (
    all_answers as all_answers,
)
from .people import (
    beside as beside,
)
from .people import (
    class_answers as class_answers,
)
from .people import (
    class_people as class_people,
)
from .people import (
    class_score as class_score,
)
from .people import (
    face_uri as face_uri,
)
from .people import (
    fer2013_faces as fer2013_faces,
)
from .people import (
    lent_faces as lent_faces,
)
from .people import (
    quiz_database as quiz_database,
)
from .people import (
    quiz_faces as quiz_faces,
)
from .photos import (
    detector as detector,
)
from .photos import (
    example_photo as example_photo,
)
from .photos import (
    reader as reader,
)
from .settled import settle as settle
from .sizes import (
    crop_rules as crop_rules,
)
from .sizes import (
    face_sizes as face_sizes,
)
from .sizes import (
    without_face_sizes as without_face_sizes,
)
from .workplace import (
    EXAMPLE as EXAMPLE,
)
from .workplace import (
    STAGES as STAGES,
)
from .workplace import (
    boxed as boxed,
)
from .workplace import (
    evaluations as evaluations,
)
from .workplace import (
    example_work as example_work,
)
from .workplace import (
    new_work_id as new_work_id,
)
from .workplace import (
    read_by as read_by,
)
from .workplace import (
    ready as ready,
)
from .workplace import (
    stages as stages,
)
from .workplace import (
    thumbnail as thumbnail,
)
from .workplace import (
    works as works,
)
