"""What `dashboard.cache` offers, and from where: read by type checkers, and by `lazy_loader` when a page asks."""

from .asked import (
    recipe_studies as recipe_studies,
    seeds_compared as seeds_compared,
    short_runs as short_runs,
)
from .compared import (
    comparison as comparison,
    pairs as pairs,
)
from .confidence import (
    confidences as confidences,
    distances as distances,
    roc as roc,
)
from .engines import (
    engine_comparison as engine_comparison,
)
from .evidence import (
    most_accurate as most_accurate,
    other_seeds as other_seeds,
    raters as raters,
    reference as reference,
    reports as reports,
    reports_on as reports_on,
    several_views as several_views,
    uncalibrated as uncalibrated,
)
from .explained import (
    average_map_studies as average_map_studies,
    first_kernels as first_kernels,
    mean_faces as mean_faces,
    methods_of as methods_of,
    points_of_picture as points_of_picture,
    sanity_studies as sanity_studies,
    sanity_verdicts as sanity_verdicts,
    what_if_studies as what_if_studies,
    without as without,
)
from .fer2013 import (
    cleaning_report as cleaning_report,
    dataset as dataset,
    images as images,
    near_search as near_search,
    picture as picture,
    tagger_agreement as tagger_agreement,
)
from .kept import (
    Stored as Stored,
    stored as stored,
    weight_shapes as weight_shapes,
)
from .maps import (
    made_layers as made_layers,
    made_maps as made_maps,
    map_key as map_key,
)
from .models import (
    cards as cards,
    predictor as predictor,
    queue as queue,
    unable as unable,
)
from .people import (
    Beside as Beside,
    agreed as agreed,
    all_answers as all_answers,
    beside as beside,
    class_answers as class_answers,
    class_people as class_people,
    class_score as class_score,
    face_uri as face_uri,
    fer2013_faces as fer2013_faces,
    lent_faces as lent_faces,
    let_go as let_go,
    quiz_database as quiz_database,
    quiz_faces as quiz_faces,
)
from .photos import (
    detector as detector,
    example_photo as example_photo,
    reader as reader,
)
from .settled import (
    settle as settle,
)
from .sizes import (
    crop_rules as crop_rules,
    face_sizes as face_sizes,
    without_face_sizes as without_face_sizes,
)
from .workplace import (
    EXAMPLE as EXAMPLE,
    STAGES as STAGES,
    boxed as boxed,
    evaluations as evaluations,
    example_work as example_work,
    new_work_id as new_work_id,
    read_by as read_by,
    ready as ready,
    stages as stages,
    thumbnail as thumbnail,
    works as works,
)
