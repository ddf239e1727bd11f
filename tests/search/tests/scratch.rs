#[test]
fn load() {
    let tenant = vpr_search_tests::Tenant::start(&[]);
    let t = std::time::Instant::now();
    tenant.load(1);
    println!("loaded {:?}", t.elapsed());
    let world = tenant.world(1);
    println!("{} documents {:?}", world.documents().len(), t.elapsed());
    for d in world.documents().iter().step_by(97) {
        println!("{}", d.content);
    }
}
