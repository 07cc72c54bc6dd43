package curate

// What is known of English, since headlines of no other language come in such numbers. These are
// words of the language and of headline writing at large, none of them taken from a sample of news.

// commonEnglish are everyday words, in their base form: two headlines that share one of them share
// little. Whatever is not here, not a number and not a place counts as telling.
const commonEnglish = `
able accept access account accuse achieve act action active activity actor actual add address admit adult advance advice
affair affect afford afraid age agency agent agree agreement aid aim air alarm allow alone amount anger angry animal
announce annual answer apart appeal appear application apply appoint approach approve area argue argument arm army arrange
arrest arrive article artist ask assault asset assist attack attempt attend attention author authority available average avoid
await award aware baby back bad bag balance ball ban band bank bar base basic battle beach bear beat beautiful bed begin
behaviour believe benefit best better bid big bill billion bird birth bit black blame block blood blow blue board boat body
bomb bond book boost border boss bottle bottom box boy brain branch brand break bridge brief bring broad brother budget build
building burn bus business busy buy cabinet call calm camera camp campaign cancel candidate capital car card care career
carry case cash cast cause centre center central century chair challenge champion chance change channel character charge
charity chase cheap check chief child choice choose church citizen city civil civilian claim clash class clean clear click
climb clock close club coach coast cold collapse collect college colour come comment commission commit committee common
community company compare compete competition complain complete computer concern condition conference confident confirm
conflict congress connect consider consumer contact contain contest continue contract control convict cool cop copy corner
cost council count counter country couple course court cover crash create credit crew crime criminal crisis critic critical
criticise cross crowd cry cup current customer cut daily damage dance danger dark data date daughter day dead deal death
debate debt decade decide decision declare deep defeat defence defense defend delay deliver demand deny department deputy
describe design despite destroy detail develop development die difference different difficult dinner direct director discover
discuss disease dispute district divide doctor document dog dollar door double doubt dozen draw dream dress drink drive drop
drug early earn earth east eastern easy eat economic economy edge edit education effect effort elect election emerge
emergency employ employee employer empty encourage end enemy energy enjoy enter entire environment equal escape establish
event evidence exam example exchange executive exist exit expand expect experience expert explain explode express extend
extra extreme eye face fact factory fail failure fair faith fall false family famous fan far farm fast fatal father favour
fear feature federal fee feel female fight figure file fill film final finance financial find fine finish fire firm fish fit
fix flag flat flight floor flow fly focus follow food foot football force foreign forest forget form former forward found
free freedom fresh friend front fuel full fun fund future gain game gang garden gas gather general get giant gift girl give
glass global go goal gold good government grand grant great green ground group grow growth guard guess guest guide guilty gun
guy hair half hall hand hang happen happy hard harm hate head health hear heart heat heavy help hero hide high highlight
hill history hit hold hole holiday home honour hope horse hospital host hot hotel hour house huge human hundred hunt hurt
husband ice idea identify ill illegal image impact import important impose improve incident include income increase
independent industry influence inform information injure injury inmate inside insist install insurance intelligence interest
international internet interview introduce invest investigate investigation investment invite involve island issue item jail
job join joint joke journalist judge jump jury justice keep key kick kid kill kind king kiss kitchen knee knife knock know
lack lady lake land language large last late later latest laugh launch law lawmaker lawyer lay lead leader league learn leave
left legal lesson let letter level library lie life lift light like limit line link list listen little live local lock long
look lord lose loss lot love low lower luck machine magazine main major make male man manage manager march mark market
marriage marry mass master match material matter mayor meal mean measure media medical meet meeting member memory mental
message metal middle midnight military million mind mine minister minor minute miss mission mistake mix model modern moment
money month mood morning mother motor mountain mourn mouth move movement movie multiple murder museum music name narrow nation
national native natural nature near need neighbour network news newspaper nice night noise normal north northern note notice
number nurse object observe occur offer office officer official oil old open operate operation opinion opportunity oppose
opposition order organ organise organisation original outside owe own owner pack page pain paint pair panel paper parent
park part partner party pass passenger past path patient pattern pause pay peace penalty people perfect perform period person
personal phone photo picture piece pilot place plan plane plant plate play player plead pleasure plenty plot point police
policy political politics poll pool poor popular port position positive possible post potential pound power powerful practice
prepare present president press pressure pretty prevent price prime prince princess prison prisoner private prize probe problem
process produce product production professor profit program programme progress project promise promote proof property
proposal propose protect protest protester prove provide province public publish pull punch purchase push put quake quality
quarter queen question quick quiet quit race radio rail rain raise range rank rape rate reach react read ready real reason
receive recent record recover red reduce refer reform refuse regime region regional regret regular reject relate relation
relationship release relief religion religious remain remember remove rent repair repeat reply report reporter represent
republic request require rescue research resident resign resist resolution resolve resource respond response rest restaurant
result retire retreat return reveal review revolution reward rich ride right ring riot rise risk rival river road rock role
roll room root round route row royal rule run rush sad safe safety sail salary sale sanction save scandal scene schedule school
science scientist score screen sea search season seat second secret secretary section sector secure security see seek seem
seize select sell senate senator send senior sense sentence separate serious serve service session set settle severe sex
shake share sharp shift ship shock shoot shooting shop short shot shoulder shout show shut sick side sign signal silence silent
silver simple sing single sister sit site situation size skill skin sleep slide slow small smart smile smoke smooth social
society soft soldier solution solve son song sort sound source south southern space spark speak special speech speed spend
spirit split spokesman sport spread spring spy square stadium staff stage stand standard star start state statement station
status stay steal steel step stick stock stone stop store storm story strategy street strength stress stretch strike strong
structure struggle student studio study stuff style subject succeed success sudden sue suffer suggest suicide suit summer
summit supply support supporter suppose supreme surge surgery surprise surround survey survive suspect suspend sweep swim swing
switch symbol system table tackle take talk tank target task tax teach teacher team tear technology teen teenager tell tension
term terror terrorism terrorist test text thank theatre thing think thousand threat threaten throw ticket tie tight time tiny
title toll tone tool top topic total touch tough tour tourist town track trade tradition train transfer transport trap travel
treat treatment treaty tree trial trip troop trouble truck true trust truth try turn tv type unable union unit unite unity
university unveil update urge use user vacation value vehicle version vessel veteran victim victory video view village violate
violence violent virus visit visitor voice volunteer vote voter vow wage wait wake walk wall want war warm warn warning wash
waste watch water wave way weak wealth weapon wear weather web website wedding week weekend weekly weigh weight welcome west
western wet white wide widow wife wild win wind window wing winner winter wish witness woman wonder wood word work worker world
worry worth wound wrap write writer wrong yard year yellow yield young youth zone`

// irregularEnglish joins the forms of a word that no rule of endings joins, the noun with its verb too.
const irregularEnglish = `
die dies died dying dead death deaths deadly
kill kills killed killing killings slay slain
win wins won winning winner winners
lose loses lost losing loss losses
shoot shoots shot shooting shootings
hold holds held holding
meet meets met meeting meetings
lead leads led leading leader leaders leadership
fall falls fell fallen falling
rise rises rose risen rising
find finds found finding
leave leaves left leaving
take takes took taken taking
make makes made making
give gives gave given giving
send sends sent sending
buy buys bought buying purchase purchases purchased
sell sells sold selling sale sales
tell tells told telling
begin begins began begun beginning
break breaks broke broken breaking
choose chooses chose chosen choosing choice
fly flies flew flown flight flights
fight fights fought fighting
catch catches caught
strike strikes struck striking
sink sinks sank sunk sinking
steal steals stole stolen theft thefts
throw throws threw thrown
elect elects elected election elections electoral
speak speaks spoke spoken speech speeches
go goes went gone
come comes came
see sees saw seen
get gets got gotten
keep keeps kept
run runs ran running
pay pays paid payment payments
free frees freed freeing freedom
flee flees fled fleeing
seek seeks sought
teach teaches taught teacher teachers
think thinks thought
bring brings brought
build builds built building buildings
spend spends spent
lie lies lied lying
grow grows grew grown growth
know knows knew known
write writes wrote written writer
drive drives drove driven driver drivers
eat eats ate eaten
draw draws drew drawn
wear wears wore worn
swear swears swore sworn
shake shakes shook shaken
freeze freezes froze frozen
hide hides hid hidden
ride rides rode ridden
feel feels felt
hear hears heard hearing
stand stands stood
understand understands understood
sit sits sat
lend lends lent
bend bends bent
bear bears bore borne born birth births
wake wakes woke woken
forget forgets forgot forgotten
withdraw withdraws withdrew withdrawn withdrawal
overthrow overthrows overthrew overthrown
undergo undergoes underwent
man men
woman women
child children kid kids
person people
wife wives
life lives
foot feet
tooth teeth
crisis crises
apologise apologize apology apologies apologised apologized apologises apologizes
approve approves approved approval
refuse refuses refused refusal
arrive arrives arrived arrival arrivals
depart departs departed departure
survive survives survived survival survivor survivors
remove removes removed removal
propose proposes proposed proposal proposals
deny denies denied denial
try tries tried trial trials
marry marries married marriage wedding weddings
retire retires retired retirement retiring
resign resigns resigned resignation
explode explodes exploded explosion explosions
invade invades invaded invasion
decide decides decided decision decisions
collide collides collided collision
destroy destroys destroyed destruction
defend defends defended defence defense
pretend respond responds responded response
succeed succeeds succeeded success
fail fails failed failure failures
grow injure injures injured injury injuries
starve starves starved starvation
poor poverty
strong strength
long length
high height
hot heat
wide width
deep depth
sue sues sued suing`

// headlineEnglish are words that headline writers put for one another.
const headlineEnglish = `
quake earthquake temblor tremor
injure hurt wound
kill murder slay
blast explosion explode
bomb bombing bomber
police cop officer
probe investigate investigation inquiry
jail prison imprison
ceasefire truce armistice
reject rebuff spurn
talk negotiation negotiate
raise hike increase
protest demonstration demonstrator demonstrate protester
rebel insurgent militant
gunman shooter attacker
plane jet aircraft airplane airliner
storm typhoon hurricane cyclone
lawmaker mp congressman legislator parliamentarian
promise vow pledge
oust topple depose overthrow
quit resign
choose pick name
launch unveil introduce
begin start commence
end finish conclude
help aid assist
ask urge encourage
hit strike rock
try attempt bid
approve back endorse
cut slash reduce
gay homosexual
child kid
car vehicle
company firm
ship vessel
soldier troop military army
doctor physician
film movie
boss chief head
warn caution alert
sue lawsuit
accuse blame
worker employee
criticise slam condemn denounce
row dispute
stop halt
show reveal
jump surge soar
drop slump plunge tumble slide sink
premier pm
virus coronavirus covid covid19
soccer football
killer murderer
fire blaze
rescue save
pope pontiff
baby infant newborn
home house
big large huge giant massive
meeting summit
deal agreement accord pact
clash fight battle
buy acquire
ill sick sicken
historic landmark
severe serious grave
disappear vanish
hint signal suggest
wealthy rich
scrap axe abandon ditch
delay postpone
split divide
hunt search
teenager teen youth
pupil student schoolchild
migrant refugee
hostage captive
toxic poisonous
cash money
widen broaden
hospital hospitalise hospitalize
unemployment jobless
wildfire bushfire blaze
flu influenza
advert ad advertisement
flood flooding inundate
snow snowfall blizzard
sack dismiss
scam fraud
assassinate assassination
tourist holidaymaker
train rail railway
lorry truck
cellphone mobile smartphone
petrol gasoline
shop store retailer
harvest crop
cinema theatre theater
athlete sportsman
plea appeal
toll tally`

// oppositesEnglish are pairs of which, of one thing at one time, only one side is true.
const oppositesEnglish = `
acquit clear exonerate | convict guilty
rise raise gain jump up climb surge soar rally higher advance | fall drop lower down decline slump plunge tumble slide lose cut slip dip
win beat victory | lose defeat
open reopen | close shut
start begin launch | end finish stop halt
continue extend keep | lift end suspend cancel drop
accept approve back agree endorse grant allow | reject refuse deny oppose block decline veto
release free | arrest jail detain imprison
confirm admit | deny
arrive enter | leave depart exit flee
hire appoint | fire sack dismiss
increase more widen expand | decrease less narrow shrink reduce
save rescue survive | die kill
support praise | criticise condemn oppose
find | miss
legalise legal | ban illegal outlaw
buy | sell
`

// contrariesEnglish are likewise pairs, but of what something is and not of what became of it.
const contrariesEnglish = `
male man | female woman
north northern | south southern
east eastern | west western
first | last second third
former | current
improve better | worsen worse
strengthen | weaken
join | leave quit
resume restart | suspend halt
recover | die
protest | celebrate
protest demonstrate march rally | pass adopt enact approve sign
restore return give | withhold withdraw
tighten toughen | ease relax loosen
impose | lift ease
pass | fail
agree | disagree
raise | cut
ahead | behind`

// rolesEnglish are what one does to another: who did it is then the news.
const rolesEnglish = `warn tell ask accuse attack sue beat defeat criticise criticize slam blame invite visit call urge praise threaten thank reject back
condemn hit kill shoot charge sack fire replace buy strike bomb invade sanction ban mock rebuke challenge help support save follow chase overtake
outbid target bite free rescue expel deport arrest question launch`

// kickersEnglish are words that say what kind of piece it is, not what it tells.
const kickersEnglish = `video videos photo photos picture pictures gallery audio podcast live update updates updated breaking
exclusive analysis opinion editorial comment explainer explained factbox timeline watch read review reviews interview
sources source official officials report reports reporter reporters reuters ap afp bbc cnn briefing bulletin roundup recap summary
today yesterday tomorrow tonight morning afternoon evening week weekend month monday tuesday wednesday thursday friday saturday
sunday january february march april june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
year years day days hour hours minute minutes percent cent point points`

// phrasesEnglish are words that say one thing together.
const phrasesEnglish = `
prime minister = premier
white house = whitehouse
supreme court = supremecourt
chemical weapon = chemicalweapon
chemical weapons = chemicalweapon
islamic state = isis
state department = statedepartment
wall street = wallstreet
death toll = deathtoll
air force = airforce
nobel prize = nobelprize
world cup = worldcup
air strike = airstrike
air strikes = airstrike
air raid = airstrike
air raids = airstrike
drone strike = dronestrike
cease fire = ceasefire
step down = resign
steps down = resign
stepping down = resign
stepped down = resign
stand down = resign
standing down = resign
stands down = resign
says sorry = apologise
say sorry = apologise
said sorry = apologise
call for = urge
calls for = urge
called for = urge
same sex = gay
life sentence = lifesentence
middle east = middleeast
stock market = stock
stock markets = stock
social media = socialmedia
climate change = climatechange
global warming = climatechange`
