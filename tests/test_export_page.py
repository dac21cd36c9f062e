"""What a user sees and chooses where a collection is exported."""

from collection_cases import collection

from dashboard import cache
from tests.page_runs import opened


def test_faces_stay_blurred_after_a_look_at_another_tab(tmp_path, monkeypatch):
    monkeypatch.setenv("SEVEN_FACES_ARTIFACTS", str(tmp_path))  # no models
    id = cache.new_work_id()
    cache.works().put(id, collection())
    at = opened("collection", work=id, part="keep")
    next(toggle for toggle in at.toggle if toggle.label == "Blur faces").set_value(True).run()
    for part in ("label", "keep"):
        at.query_params["part"] = part
        at.run()
    assert next(toggle for toggle in at.toggle if toggle.label == "Blur faces").value
