use super::*;

#[tokio::test]
async fn phases_are_planned_before_the_release_and_the_release_replaces() {
    let apple = Apple::start().await;
    let phased = "appStoreVersionPhasedReleases";
    let id = apple.id("40", "/phased/id");
    let path = format!("/v1/{phased}/{id}");
    assert_eq!(apple.call(Method::DELETE, &path, None).await.0, 204);
    assert_eq!(apple.call(Method::DELETE, &path, None).await.0, 404);
    assert_eq!(apple.post(phased, "40").await.0, 201);
    assert_eq!(
        error(&apple.post(phased, "40").await).1,
        "ENTITY_ERROR.RELATIONSHIP.INVALID"
    );
    assert_eq!(error(&apple.post(phased, "10").await).0, 409);
    let begun = format!("/v1/{phased}/{}", apple.id("30", "/phased/id"));
    assert_eq!(apple.call(Method::DELETE, &begun, None).await.0, 409);

    let release = "appStoreVersionReleaseRequests";
    assert_eq!(
        error(&apple.post(release, "30").await).1,
        "STATE_ERROR.ENTITY_STATE_INVALID"
    );
    assert_eq!(apple.post(release, "40").await.0, 201);
    assert_eq!(error(&apple.post(release, "40").await).0, 409);
    let state = |build, pointer| apple.id(build, pointer);
    assert_eq!(state("40", "/state"), "PROCESSING_FOR_DISTRIBUTION");
    assert_eq!(state("40", "/phased/phase"), "INACTIVE");
    assert_eq!(state("30", "/state"), "READY_FOR_DISTRIBUTION");
    apple.pass(TimeDelta::minutes(5));
    assert_eq!(state("40", "/state"), "READY_FOR_DISTRIBUTION");
    assert_eq!(state("40", "/phased/phase"), "ACTIVE");
    assert_eq!(state("30", "/state"), "REPLACED_WITH_NEW_VERSION");
    assert_eq!(state("30", "/phased/phase"), "COMPLETE");
    let shop = AppId::try_from("shop-ios".to_owned()).unwrap();
    let percent = |build| (apple.world.offered(&shop, build) * 100.0).round() as u32;
    assert_eq!(percent("40"), 1);
    apple.pass(TimeDelta::days(2));
    assert_eq!(percent("40"), 5);
}

#[tokio::test]
async fn a_pause_can_last_to_its_last_days() {
    let apple = Apple::start().await;
    assert_eq!(apple.person(&ConsoleAct::Halt), Ok(()));
    apple.pass(TimeDelta::days(29) - TimeDelta::hours(4));
    let path = format!(
        "/v1/appStoreVersions/{}/appStoreVersionPhasedRelease",
        apple.id("30", "/id")
    );
    let days = |body: &Value| {
        let attributes = &body["data"]["attributes"];
        [
            attributes["currentDayNumber"].clone(),
            attributes["totalPauseDuration"].clone(),
        ]
    };
    assert_eq!(days(&apple.get(&path).await.1), [3, 28]);
    apple.pass(TimeDelta::hours(4));
    assert_eq!(days(&apple.get(&path).await.1), [3, 29]);
    assert_eq!(apple.person(&ConsoleAct::Resume), Ok(()));
    apple.pass(TimeDelta::days(1));
    assert_eq!(days(&apple.get(&path).await.1), [4, 29]);
}

#[tokio::test]
async fn a_version_comes_to_wait_when_somebody_has_prepared_it() {
    let world = WORLD.replace("role = \"next\"", "role = \"next\"\nwaits = false");
    let apple = Apple::of(&world).await;
    assert_eq!(apple.id("40", "/state"), "PREPARE_FOR_SUBMISSION");
    assert!(apple.person(&ConsoleAct::NewRelease { to: None }).is_err());
    assert_eq!(apple.person(&ConsoleAct::Prepare), Ok(()));
    assert!(apple.person(&ConsoleAct::Prepare).is_err());
    assert_eq!(apple.id("40", "/state"), "PENDING_DEVELOPER_RELEASE");
}

#[tokio::test]
async fn a_person_asks_nobody() {
    let apple = Apple::start().await;
    assert_eq!(apple.person(&ConsoleAct::Halt), Ok(()));
    assert!(apple.person(&ConsoleAct::Halt).is_err());
    assert_eq!(apple.id("30", "/phased/phase"), "PAUSED");
    assert_eq!(apple.person(&ConsoleAct::Resume), Ok(()));
    assert_eq!(apple.person(&ConsoleAct::StartReview), Ok(()));
    assert_eq!(apple.id("40", "/state"), "IN_REVIEW");
    assert!(apple.person(&ConsoleAct::NewRelease { to: None }).is_err());
    assert_eq!(apple.person(&ConsoleAct::EndReview), Ok(()));
    assert_eq!(apple.person(&ConsoleAct::NewRelease { to: None }), Ok(()));
    apple.pass(TimeDelta::minutes(5));
    assert_eq!(apple.id("40", "/phased/phase"), "ACTIVE");
    assert_eq!(apple.person(&ConsoleAct::Complete), Ok(()));
    assert!(apple.person(&ConsoleAct::Resume).is_err());
    let to = crate::domain::Exposure::from_percent(20);
    assert!(apple.person(&ConsoleAct::Raise { to }).is_err());
}
