package curate

// gazetteer are the countries of the world: name, then after a stroke what is said of their people and
// things, then the capital and what else stands for its government. One line each; names of two
// words are written as one with a hyphen.
const gazetteer = `
afghanistan | afghan afghans | kabul
albania | albanian albanians | tirana
algeria | algerian algerians | algiers
andorra | andorran |
angola | angolan | luanda
argentina | argentine argentinian argentinians | buenos-aires
armenia | armenian armenians | yerevan
australia | australian australians aussie aussies | canberra
austria | austrian austrians | vienna
azerbaijan | azerbaijani azeri | baku
bahamas | bahamian | nassau
bahrain | bahraini bahrainis | manama
bangladesh | bangladeshi bangladeshis | dhaka
barbados | barbadian |
belarus | belarusian belarusians | minsk
belgium | belgian belgians | brussels
belize | belizean |
benin | beninese |
bhutan | bhutanese | thimphu
bolivia | bolivian bolivians | la-paz
bosnia | bosnian bosnians | sarajevo
botswana | | gaborone
brazil | brazilian brazilians | brasilia
brunei | bruneian |
bulgaria | bulgarian bulgarians | sofia
burkina-faso | burkinabe | ouagadougou
burundi | burundian | bujumbura
cambodia | cambodian cambodians | phnom-penh
cameroon | cameroonian | yaounde
canada | canadian canadians | ottawa
central-african-republic | | bangui
chad | chadian | ndjamena
chile | chilean chileans | santiago
china | chinese | beijing
colombia | colombian colombians | bogota
congo | congolese drc | kinshasa
costa-rica | costarican |
croatia | croatian croatians croat | zagreb
cuba | cuban cubans | havana
cyprus | cypriot cypriots | nicosia
czechia | czech czechs | prague
denmark | danish dane danes | copenhagen
djibouti | djiboutian |
dominican-republic | dominican | santo-domingo
east-timor | timorese | dili
ecuador | ecuadorian ecuadorean | quito
egypt | egyptian egyptians | cairo
el-salvador | salvadoran | san-salvador
england | english |
eritrea | eritrean eritreans | asmara
estonia | estonian estonians | tallinn
ethiopia | ethiopian ethiopians | addis-ababa
europe | european europeans |
fiji | fijian | suva
finland | finnish finn finns | helsinki
france | french frenchman | paris elysee
gabon | gabonese | libreville
gambia | gambian | banjul
georgia | georgian georgians | tbilisi
germany | german germans | berlin
ghana | ghanaian ghanaians | accra
greece | greek greeks | athens
greenland | greenlandic |
grenada | grenadian |
guatemala | guatemalan guatemalans |
guinea | guinean | conakry
guyana | guyanese | georgetown
haiti | haitian haitians | port-au-prince
honduras | honduran hondurans | tegucigalpa
hong-kong | hongkong hk |
hungary | hungarian hungarians | budapest
iceland | icelandic icelander | reykjavik
india | indian indians | delhi new-delhi
indonesia | indonesian indonesians | jakarta
iran | iranian iranians | tehran
iraq | iraqi iraqis | baghdad
ireland | irish | dublin
israel | israeli israelis | jerusalem
italy | italian italians | rome
ivory-coast | ivorian | abidjan
jamaica | jamaican jamaicans | kingston
japan | japanese | tokyo
jordan | jordanian jordanians | amman
kazakhstan | kazakh kazakhs | astana
kenya | kenyan kenyans | nairobi
kosovo | kosovar kosovars | pristina
kuwait | kuwaiti kuwaitis |
kyrgyzstan | kyrgyz | bishkek
laos | laotian lao | vientiane
latvia | latvian latvians | riga
lebanon | lebanese | beirut
lesotho | basotho | maseru
liberia | liberian liberians | monrovia
libya | libyan libyans | tripoli
liechtenstein | | vaduz
lithuania | lithuanian lithuanians | vilnius
luxembourg | luxembourgish |
madagascar | malagasy | antananarivo
malawi | malawian malawians | lilongwe
malaysia | malaysian malaysians | kuala-lumpur
maldives | maldivian |
mali | malian malians | bamako
malta | maltese | valletta
mauritania | mauritanian | nouakchott
mauritius | mauritian |
mexico | mexican mexicans | mexico-city
moldova | moldovan moldovans | chisinau
monaco | monegasque |
mongolia | mongolian mongolians | ulaanbaatar
montenegro | montenegrin | podgorica
morocco | moroccan moroccans | rabat
mozambique | mozambican | maputo
myanmar | burma burmese | naypyidaw yangon
namibia | namibian | windhoek
nepal | nepali nepalese nepalis | kathmandu
netherlands | dutch holland | hague
new-zealand | nz kiwi kiwis | wellington
nicaragua | nicaraguan | managua
niger | nigerien | niamey
nigeria | nigerian nigerians | abuja
north-korea | nkorea nkorean dprk | pyongyang
north-macedonia | macedonia macedonian | skopje
norway | norwegian norwegians | oslo
oman | omani | muscat
pakistan | pakistani pakistanis | islamabad
palestine | palestinian palestinians | ramallah
panama | panamanian | panama-city
papua-new-guinea | png | port-moresby
paraguay | paraguayan | asuncion
peru | peruvian peruvians | lima
philippines | philippine filipino filipinos pinoy | manila
poland | polish pole poles | warsaw
portugal | portuguese | lisbon
qatar | qatari qataris | doha
romania | romanian romanians | bucharest
russia | russian russians | moscow kremlin
rwanda | rwandan rwandans | kigali
samoa | samoan | apia
saudi-arabia | saudi saudis ksa | riyadh
scotland | scottish scot scots | edinburgh holyrood
senegal | senegalese | dakar
serbia | serbian serbians serb serbs | belgrade
sierra-leone | | freetown
singapore | singaporean singaporeans spore |
slovakia | slovak slovaks | bratislava
slovenia | slovenian | ljubljana
somalia | somali somalis | mogadishu
south-africa | safrica southafrican | pretoria
south-korea | skorea skorean rok | seoul
south-sudan | | juba
spain | spanish spaniard spaniards | madrid
sri-lanka | srilankan lankan | colombo
sudan | sudanese | khartoum
suriname | surinamese | paramaribo
sweden | swedish swede swedes | stockholm
switzerland | swiss | bern
syria | syrian syrians | damascus
taiwan | taiwanese | taipei
tajikistan | tajik tajiks | dushanbe
tanzania | tanzanian tanzanians | dodoma
thailand | thai thais | bangkok
tibet | tibetan tibetans | lhasa
togo | togolese | lome
tonga | tongan |
trinidad | trinidadian |
tunisia | tunisian tunisians | tunis
turkey | turkish turk turks turkiye | ankara
turkmenistan | turkmen | ashgabat
uganda | ugandan ugandans | kampala
ukraine | ukrainian ukrainians | kiev kyiv
united-arab-emirates | uae emirati emirates | abu-dhabi
united-kingdom | uk britain british briton britons | london westminster
united-states | us usa america american americans | washington
uruguay | uruguayan | montevideo
uzbekistan | uzbek uzbeks | tashkent
vatican | |
venezuela | venezuelan venezuelans | caracas
vietnam | vietnamese | hanoi
wales | welsh | cardiff
yemen | yemeni yemenis | sanaa
zambia | zambian zambians | lusaka
zimbabwe | zimbabwean zimbabweans | harare
antigua | antiguan |
cape-verde | verdean | praia
comoros | comorian | moroni
dominica | |
equatorial-guinea | | malabo
eswatini | swaziland swazi | mbabane
guinea-bissau | | bissau
kiribati | | tarawa
marshall-islands | marshallese | majuro
micronesia | micronesian |
nauru | nauruan |
palau | palauan |
san-marino | |
sao-tome | |
seychelles | seychellois |
solomon-islands | | honiara
st-lucia | |
tuvalu | tuvaluan | funafuti
vanuatu | | port-vila
africa | african africans |
asia | asian asians |
gaza | gazan gazans |
european-union | eu |
united-nations | un |`

// gazetteerPhrases are further names of countries and their people that are more than one word.
const gazetteerPhrases = `
n korea = north-korea
n korean = north-korea
n koreans = north-korea
north korean = north-korea
north koreans = north-korea
s korea = south-korea
s korean = south-korea
s koreans = south-korea
south korean = south-korea
south koreans = south-korea
s africa = south-africa
s african = south-africa
s africans = south-africa
south african = south-africa
south africans = south-africa
s sudan = south-sudan
south sudanese = south-sudan
saudi arabian = saudi-arabia
new zealander = new-zealand
new zealanders = new-zealand
sri lankan = sri-lanka
sri lankans = sri-lanka
costa rican = costa-rica
costa ricans = costa-rica
puerto rican = puerto-rico
puerto rico = puerto-rico
great britain = united-kingdom
united kingdom = united-kingdom
united states = united-states
united nations = united-nations
european union = european-union
hong kongers = hong-kong
ivory coast = ivory-coast
west bank = west-bank
los angeles = los-angeles
new york = new-york
san francisco = san-francisco
new orleans = new-orleans
white house = united-states`

// gazetteerPlaces are states, provinces and great cities that are no capitals of countries: of two
// headlines that name different ones, at most one is about each.
const gazetteerPlaces = `
alabama alaska arizona arkansas california colorado connecticut delaware florida hawaii idaho illinois indiana iowa kansas kentucky
louisiana maine maryland massachusetts michigan minnesota mississippi missouri montana nebraska nevada new-hampshire new-jersey
new-mexico north-carolina north-dakota ohio oklahoma oregon pennsylvania rhode-island south-carolina south-dakota tennessee texas utah
vermont virginia west-virginia wisconsin wyoming ontario quebec alberta manitoba saskatchewan nova-scotia british-columbia
queensland victoria tasmania new-south-wales catalonia basque-country bavaria saxony crimea donbas donetsk luhansk kashmir punjab kerala
gujarat maharashtra rajasthan bihar assam uttar-pradesh tamil-nadu andhra-pradesh karnataka balochistan sindh chechnya dagestan
kurdistan darfur xinjiang sichuan yunnan guangdong siberia sicily sardinia corsica brittany normandy ulster northern-ireland
los-angeles san-francisco san-diego las-vegas new-orleans chicago boston dallas houston detroit miami atlanta seattle philadelphia
phoenix denver baltimore memphis cleveland pittsburgh st-louis minneapolis toronto montreal vancouver calgary
rio-de-janeiro sao-paulo medellin guayaquil lagos kano johannesburg cape-town durban alexandria casablanca benghazi
mumbai kolkata chennai bangalore bengaluru hyderabad ahmedabad pune karachi lahore peshawar quetta kandahar herat
shanghai shenzhen guangzhou wuhan chongqing tianjin hangzhou osaka kyoto hiroshima fukushima okinawa busan
ho-chi-minh-city saigon surabaya bali mindanao sydney melbourne brisbane perth adelaide auckland christchurch
istanbul izmir aleppo homs idlib raqqa mosul basra fallujah kirkuk erbil aden haifa tel-aviv hebron nablus jeddah mecca dubai
st-petersburg odessa kharkiv lviv mariupol kherson barcelona valencia seville marseille lyon lille toulouse strasbourg
munich hamburg frankfurt cologne stuttgart dresden leipzig milan naples turin venice florence genoa antwerp rotterdam geneva zurich
manchester birmingham liverpool leeds glasgow belfast bristol sheffield newcastle calais dover gdansk krakow thessaloniki`

// gazetteerShort are short forms of states and cities.
const gazetteerShort = `
qld = queensland
nsw = new-south-wales
calif = california
fla = florida
tex = texas
penn = pennsylvania
mich = michigan
ariz = arizona
colo = colorado
conn = connecticut
minn = minnesota
okla = oklahoma
tenn = tennessee
nyc = new-york
nola = new-orleans
philly = philadelphia
vegas = las-vegas
spore = singapore`
