"""Addresses of traffic: each corner of the module has its own block."""

from django.urls import URLPattern, URLResolver, path

from minjing.modules.traffic.views import (
    accident_desk,
    accidents,
    cameras,
    checking,
    consents,
    counter,
    drafts,
    evidence,
    moves,
    own,
    parking,
    plate_numbers,
    records,
    review,
    roads,
    studies,
    violations,
)
from minjing.modules.traffic.views.yielding import desk as yielding_desk
from minjing.modules.traffic.views.yielding import door, replay
from minjing.modules.traffic.views.yielding import own as made_way

app_name = "traffic"
urlpatterns: list[URLPattern | URLResolver] = []
# What cameras saw.
urlpatterns += [path("traffic/cameras/records/", cameras.records, name="camera_records")]
# The ambulance that clears the way.
urlpatterns += [
    path("traffic/yielding/batches/", door.batches, name="yielding_batches"),
    path("me/made-way/", made_way.mine, name="made_way"),
    path("me/made-way/<uuid:violation_id>/", made_way.ask, name="made_way_ask"),
    path("officer/traffic/missions/", replay.index, name="missions"),
    path("officer/traffic/missions/<uuid:mission_id>/", replay.one, name="mission"),
    path("officer/traffic/yielding/", yielding_desk.desk, name="yielding_desk"),
    path("officer/traffic/yielding/held/", yielding_desk.batches, name="yielding_held"),
    path("officer/traffic/yielding/held/<uuid:batch_id>/", yielding_desk.settle, name="yielding_settle"),
    path("officer/traffic/yielding/<uuid:candidate_id>/", yielding_desk.one, name="yielding_candidate"),
    path("officer/traffic/yielding/<uuid:candidate_id>/decide/", yielding_desk.decide, name="yielding_decide"),
]
# Pages of the services: numbers, consents, study, passes.
urlpatterns += [
    path("me/plates/", plate_numbers.choose, name="plates"),
    path("me/consents/", consents.mine, name="consents"),
    path("me/studies/", studies.study, name="studies"),
    path("me/studies/<uuid:study_id>/", studies.lesson, name="lesson"),
    path("traffic/roads/", roads.roads, name="roads"),
]
# Moving a car: the caller's page, the owner's link, the relay's reports.
urlpatterns += [
    path("me/moves/", moves.mine, name="moves"),
    path("me/moves/<uuid:matter_id>/finish/", moves.finish, name="move_finish"),
    path("move/<str:link>/", moves.answer, name="move_answer"),
    path("traffic/relay/reports/<str:token>/", moves.reports, name="relay_reports"),
]
# My cars, my licence, and its check by anybody.
urlpatterns += [
    path("me/cars/", own.cars, name="cars"),
    path("me/cars/<uuid:binding_id>/answer/", own.answer, name="car_answer"),
    path("me/cars/<uuid:binding_id>/unbind/", own.unbind, name="unbind"),
    path("me/licence/", own.licence, name="licence"),
    path("me/licence/code/", own.licence_code, name="licence_code"),
    path("open/check-licence/", checking.check_licence, name="check_licence"),
    path("open/licence-key.txt", checking.licence_key, name="licence_key"),
]
# A small accident, settled by two phones.
urlpatterns += [
    path("me/accidents/", accidents.begin, name="accident_new"),
    path("me/accidents/join/", accidents.join, name="accident_join"),
    path("me/accidents/<uuid:accident_id>/", accidents.scene, name="accident"),
    path("me/accidents/<uuid:accident_id>/photos/<uuid:photo_id>/", accidents.photo, name="accident_photo"),
    path("me/accidents/<uuid:accident_id>/<slug:act>/", accidents.act, name="accident_act"),
]
# What two phones may not settle, or did not: the officers' desk.
urlpatterns += [
    path("officer/traffic/accidents/", accident_desk.desk, name="accident_desk"),
    path("officer/traffic/accidents/<uuid:accident_id>/", accident_desk.case, name="accident_case"),
    path("officer/traffic/accidents/<uuid:accident_id>/take/", accident_desk.take, name="accident_take"),
    path(
        "officer/traffic/accidents/<uuid:accident_id>/photos/<uuid:photo_id>/",
        accident_desk.photo,
        name="accident_desk_photo",
    ),
]
# My violations; the desk that reviews them.
urlpatterns += [
    path("me/violations/", violations.mine, name="violations"),
    path("me/violations/<uuid:violation_id>/", violations.one, name="violation"),
    path("me/violations/<uuid:violation_id>/accept/", violations.accept, name="violation_accept"),
    path("me/violations/<uuid:violation_id>/object/", violations.object_to, name="violation_object"),
    path("me/violations/<uuid:violation_id>/photos/<uuid:photo_id>/", evidence.own_photo, name="violation_photo"),
    path("me/violations/pay/<uuid:charge_id>/", violations.pay, name="violation_pay"),
    path("parking/<str:link>/", parking.left, name="parking_left"),
    path("officer/violations/", review.desk, name="review"),
    path("officer/violations/<uuid:violation_id>/photos/<uuid:photo_id>/", evidence.photo, name="review_photo"),
    path("officer/violations/<uuid:violation_id>/", review.decide, name="review_decide"),
]
# The counter: decisions that take effect there, points of other cities, results of tests.
urlpatterns += [
    path("officer/traffic/records/", records.look, name="records"),
    path("officer/traffic/counter/", counter.desk, name="counter"),
    path("officer/traffic/counter/points/", counter.elsewhere, name="points_elsewhere"),
    path("officer/traffic/tests/", counter.tests, name="tests"),
    path("officer/traffic/tests/<uuid:booking_id>/", counter.result, name="result"),
    path("officer/traffic/ceremonies/<uuid:entry_id>/", counter.swear, name="swear"),
]
# The what-if desk: drafts of rules and their replays.
urlpatterns += [
    path("officer/traffic/what-if/", drafts.index, name="drafts"),
    path("officer/traffic/what-if/<uuid:draft_id>/", drafts.one, name="draft"),
    path("officer/traffic/what-if/<uuid:draft_id>/replay/", drafts.replay, name="draft_ask"),
    path("officer/traffic/what-if/<uuid:draft_id>/<uuid:replay_id>/", drafts.replayed, name="draft_replay"),
    path("officer/traffic/what-if/<uuid:draft_id>/<uuid:replay_id>/table.csv", drafts.table, name="draft_table"),
]
