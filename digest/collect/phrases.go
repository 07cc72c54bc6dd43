package collect

import "strings"

// Each phrase is as plainKey makes it: lower case, "#" for a number, no signs, no apostrophes.

// lines are what is furniture when it is all that a line says, in the languages of the program.
var lines = phraseSet(
	// To read on.
	`more|read more|read on|read now|keep reading|keep on reading|continue reading|continue|full story|full article|full text|the full article|the full article is here|
	the full story is here|read the full story|read the full article|read full story|read full article|read the full post|read full post|read the whole story|read the whole thing|
	read the whole article|read whole story|read the rest|read the rest of this entry|read the rest of this post|read the rest of the story|view entire post|view post|view article|
	view full post|view full article|view the full post|view original|view original post|view on website|view online|visit site|visit website|visit the site|go to article|go to the article|
	open article|learn more|find out more|see more|show more|tap here|click here|click for more|details|read in browser|read online|read full topic|read in app|listen now|listen to this post|
	weiterlesen|mehr lesen|mehr|mehr dazu|mehr erfahren|hier weiterlesen|jetzt lesen|zum artikel|zum beitrag|zur meldung|den ganzen artikel lesen|ganzen artikel lesen|artikel lesen|vollständiger artikel|
	lire la suite|lire plus|lire larticle|lire larticle complet|la suite|suite|en savoir plus|voir plus|voir larticle|continuer la lecture|
	leer más|leer mas|seguir leyendo|leer artículo completo|leer el artículo completo|ver más|más información|continuar leyendo|leer noticia completa|sigue leyendo|
	leggi tutto|leggi di più|leggi larticolo|continua a leggere|continua|continua la lettura|scopri di più|leggi ancora|leggi larticolo completo|
	leia mais|ler mais|continue lendo|continuar a ler|continue a ler|saiba mais|leia a matéria completa|ver mais|leia na íntegra|
	続きを読む|もっと読む|全文を読む|続きはこちら|記事を読む|詳細はこちら|詳しくはこちら|阅读全文|阅读更多|查看全文|继续阅读|查看更多|更多|全文|閱讀全文|閱讀更多|繼續閱讀|查看原文|阅读原文|
	lees verder|lees meer|verder lezen|meer lezen|läs mer|läs vidare|fortsätt läsa|läs hela artikeln|læs mere|læs videre|læs hele artiklen|les mer|les videre|les hele saken|lue lisää|jatka lukemista|lue koko juttu|
	czytaj dalej|czytaj więcej|więcej|číst více|číst dál|celý článek|čítať ďalej|čítať viac|tovább|tovább olvasom|olvass tovább|citește mai mult|citește mai departe|devamını oku|devamı|daha fazla|
	читать далее|читать дальше|читать полностью|подробнее|далее|читати далі|докладніше|детальніше|прочетете още|opširnije|pročitaj više|διαβάστε περισσότερα|συνέχεια|περισσότερα|더 보기|더보기|계속 읽기|자세히 보기|
	đọc tiếp|xem thêm|อ่านต่อ|อ่านเพิ่มเติม|selengkapnya|baca selengkapnya|llegir més|segueix llegint|
	اقرأ المزيد|إقرأ المزيد|المزيد|تابع القراءة|قراءة المزيد|اقرأ المقال كاملا|للمزيد|קרא עוד|קראו עוד|להמשך קריאה|המשך קריאה|לכתבה המלאה|לקריאת הכתבה|המשיכו לקרוא|
	और पढ़ें|आगे पढ़ें|पूरा पढ़ें|पूरी खबर पढ़ें|विस्तार से पढ़ें|अधिक पढ़ें|पढ़ना जारी रखें|लेख पढ़ें`,
	// Comments, counts, addresses.
	`comments|comment|# comments|# comment|comments #|leave a comment|leave a reply|add a comment|post a comment|no comments|no comments yet|view comments|discuss|discussion|discuss on hacker news|
	discuss on reddit|join the discussion|comments url|article url|points #|# points|score #|# upvotes|# replies|# reply|# views|link|permalink|permanent link|source|via|
	kommentare|# kommentare|kommentar hinterlassen|kommentieren|kommentar schreiben|commentaires|# commentaires|# commentaire|laisser un commentaire|commenter|comentarios|# comentarios|deja un comentario|
	comentar|commenti|# commenti|lascia un commento|commenta|comentários|# comentários|deixe um comentário|deixe seu comentário|コメント|コメントする|コメントを残す|评论|# 条评论|发表评论|發表評論|
	留言|تعليقات|# تعليقات|اترك تعليقا|أضف تعليقا|תגובות|# תגובות|השאר תגובה|הוסף תגובה|टिप्पणियाँ|टिप्पणी करें|# टिप्पणियाँ`,
	// To share and to subscribe.
	`share|share this|share this post|share on facebook|share on twitter|share on x|share on linkedin|facebook|twitter|linkedin|whatsapp|telegram|pinterest|reddit|email|email this|e mail|mail this|print|tweet|
	pocket|copy link|like|like loading|like this|save|bookmark|follow|follow us|subscribe|subscribe now|subscribe here|subscribe for free|subscribe today|sign up|sign up now|sign in|log in|upgrade to paid|
	get # off|give a gift subscription|become a member|donate|support us|advertisement|advertising|sponsored|ad|ads|start writing|get the app|already have an account sign in|
	view this email in your browser|view in browser|view in your browser|view this email online|unsubscribe|manage preferences|update your preferences|unsubscribe from this list|update subscription preferences|
	teilen|jetzt teilen|abonnieren|jetzt abonnieren|newsletter abonnieren|anzeige|werbung|drucken|merken|im browser ansehen|im browser anzeigen|abmelden|partager|sabonner|publicité|imprimer|
	voir dans le navigateur|afficher dans le navigateur|se désabonner|se désinscrire|compartir|suscribirse|suscríbete|publicidad|imprimir|ver en el navegador|ver en tu navegador|darse de baja|
	condividi|iscriviti|pubblicità|stampa|abbonati|visualizza nel browser|annulla iscrizione|compartilhar|partilhar|compartilhe|assine|inscreva se|publicidade|ver no navegador|cancelar inscrição|
	シェア|共有|購読|登録|広告|ブラウザで表示|配信停止|分享|订阅|訂閱|广告|廣告|在浏览器中查看|退订|مشاركة|شارك|اشترك|اشترك الآن|إعلان|عرض في المتصفح|إلغاء الاشتراك|שתף|שתפו|הירשם|הירשמו|הרשמה|פרסומת|
	צפייה בדפדפן|להסרה|साझा करें|शेयर करें|सब्सक्राइब करें|सदस्यता लें|विज्ञापन|ब्राउज़र में देखें`,
	// Of releases, of nothing.
	`whats changed|what changed|changelog|full changelog|new contributors|release notes|no content|no description provided|no release notes|no description|no summary|assets|
	null|undefined|none|nil|n a|object object|description|
	table of contents|contents|in this article|on this page|inhalt|inhaltsverzeichnis|sommaire|table des matières|índice|contenido|tabla de contenidos|indice|sommario|sumário|目次|目录|目錄|المحتويات|
	جدول المحتويات|תוכן עניינים|תוכן העניינים|विषय सूची|सामग्री`,
	// Whose picture it is.
	`getty|getty images|reuters|afp|ap|ap photo|epa|dpa|picture alliance|imago|imago images|shutterstock|istock|unsplash|pexels|pixabay|alamy|alamy stock photo|adobe stock|wikimedia commons|flickr|
	bloomberg|anadolu|file photo|photo|photos|image|images|picture|video|foto|fotos|bild|bilder|symbolbild|symbolfoto|archivbild|vidéo|imagen|imágenes|immagine|immagini|imagem|imagens|
	写真|画像|動画|图片|视频|圖片|صورة|صور|فيديو|תמונה|וידאו|फोटो|वीडियो|तस्वीर`)

// labels are what is furniture together with all that follows its colon.
var labels = phraseSet(
	`article url|comments url|comments|points|tags|tag|tagged|filed under|posted in|category|categories|topics|labels|share this|share|like this|related|related posts|related articles|related stories|see also|
	read also|read next|also read|you may also like|source|sources|via|link|photo|photos|photo credit|photo credits|photo by|image|images|image credit|image credits|image source|image by|picture|credit|
	credits|featured image|cover image|illustration|full changelog|subscribe|follow us|follow me|follow|patreon|merch|website|my website|twitter|instagram|facebook|tiktok|discord|
	schlagwörter|schlagworte|kategorie|kategorien|themen|veröffentlicht unter|quelle|quellen|foto|fotos|bild|bilder|bildnachweis|bildquelle|lesen sie auch|mehr zum thema|teilen mit|siehe auch|
	étiquettes|mots clés|catégorie|catégories|classé dans|source image|crédit photo|crédits photo|crédits|lire aussi|à lire aussi|voir aussi|partager|
	etiquetas|categoría|categorías|publicado en|archivado en|fuente|fuentes|imagen|crédito|créditos|lea también|lee también|te puede interesar|ver también|compartir|
	etichette|categoria|categorie|archiviato in|pubblicato in|fonte|fonti|immagine|crediti|leggi anche|vedi anche|potrebbe interessarti|condividi|
	marcadores|categorias|publicado em|arquivado em|fontes|imagem|leia também|veja também|veja mais|compartilhe|compartilhar|
	タグ|カテゴリ|カテゴリー|出典|画像|写真|関連記事|共有|标签|標籤|分类|分類|来源|來源|图片来源|图源|相关阅读|相關閱讀|作者|文|记者|分享到|
	الوسوم|التصنيف|التصنيفات|المصدر|صورة|اقرأ أيضا|إقرأ أيضا|شارك|תגיות|קטגוריה|קטגוריות|מקור|צילום|תמונה|קראו גם|קרא גם|ראו גם|
	टैग|श्रेणी|स्रोत|फोटो|तस्वीर|यह भी पढ़ें|ये भी पढ़ें|इसे भी पढ़ें`)

// calls are how lines begin that call upon their reader, by their first word. Only a line of one sentence is one.
var calls = byFirstWord(
	`read more on|read more at|read more about|read more in|read more from|read more here|read more of|read the full story at|read the full story on|read the full article at|read the full article on|
	read the rest of|read the original|continue reading|keep reading|click here to|click here for|click to|click the link|tap here to|tap to|view the full|view this email|view this post|see the full|
	subscribe to|subscribe for|sign up for|sign up to|follow us on|follow me on|like us on|join us on|share this|leave a comment|listen to this|watch the video|download the app|become a|support us on|
	support me on|discuss on|discuss this|comment on|get the latest|join our|check out our|dont forget to subscribe|
	weiterlesen|mehr auf|mehr dazu auf|hier geht es|hier gehts|abonnieren sie|folgen sie uns|jetzt newsletter|lesen sie den|den vollständigen|zum vollständigen|dieser beitrag erschien|
	lire la suite|lire larticle|continuer la lecture|abonnez vous|suivez nous|cliquez ici|retrouvez nous|inscrivez vous|cet article est apparu|
	leer más|leer mas|seguir leyendo|sigue leyendo|haz clic|haga clic|suscríbete|síguenos|síganos|lee el artículo|esta entrada se publicó|
	leggi tutto|leggi larticolo|continua a leggere|clicca qui|iscriviti|seguici|abbonati|
	leia mais|continue lendo|clique aqui|assine|siga nos|inscreva se|leia a matéria|acesse|
	we use cookies|this site uses cookies|this website uses cookies|wir verwenden cookies|diese website verwendet cookies|nous utilisons des cookies|ce site utilise des cookies|
	utilizamos cookies|este sitio utiliza cookies|questo sito utilizza cookie|utilizziamo i cookie|este site utiliza cookies|we gebruiken cookies|
	اقرأ المزيد|اضغط هنا|تابعنا|اشترك في|تابع القراءة|קראו עוד|לחצו כאן|הירשמו ל|עקבו אחרינו|להמשך קריאה|और पढ़ें|यहां क्लिक|हमें फॉलो|सब्सक्राइब करें`)

// wordPressForms are how the line begins that WordPress puts at the texts of its feeds, and what stands in it.
var wordPressForms = [][2]string{
	{"the post ", "first on"}, {"the post ", "first appeared on"}, {"der beitrag ", "erschien zuerst"}, {"der artikel ", "erschien zuerst"},
	{"larticle ", "est apparu en premier"}, {"cet article ", "est apparu en premier"}, {"la entrada ", "primero en"}, {"la publicación ", "primero en"},
	{"larticolo ", "proviene da"}, {"larticolo ", "il primo su"}, {"o post ", "primeiro em"}, {"o artigo ", "primeiro em"}, {"o conteúdo ", "primeiro em"},
	{"投稿 ", "に最初に表示されました"}, {"", "最先出现在"}, {"", "這篇文章最早發佈於"}, {"", "最早发布于"}, {"ظهرت ", "أولا على"}, {"ظهر ", "أولا على"}, {"التدوينة ", "أولا على"},
	{"הפוסט ", "הופיע לראשונה"}, {"पोस्ट ", "पहले"}, {"het bericht ", "verscheen eerst op"}, {"inlägget ", "först upp på"}, {"artykuł ", "pochodzi z serwisu"},
	{"indlægget ", "først udgivet på"}, {"indlægget ", "vist først på"}, {"innlegget ", "først opp på"}, {"innlegget ", "først publisert"}, {"artikkeli ", "ensin"}, {"příspěvek ", "pochází z"},
	{"příspěvek ", "nejdříve na"}, {"článok ", "zobrazený najskôr na"}, {"príspevok ", "zobrazený najskôr na"}, {"bejegyzés ", "először"}, {"", "bejegyzés először"}, {"articolul ", "prima dată"},
	{"", "ilk önce"}, {"запись ", "впервые появилась"}, {"сообщение ", "появились сначала на"}, {"сообщение ", "впервые появилось"}, {"запис ", "спершу з"},
	{"το άρθρο ", "εμφανίστηκε πρώτα"}, {"lentrada ", "ha aparegut primer"}, {"bài viết ", "xuất hiện đầu tiên"}, {"pos ", "pertama kali tampil"}, {"글 ", "처음 등장"}, {"", "에 처음 등장했습니다"},
}

// phraseSet is a set of the phrases that stand in texts, parted by "|".
func phraseSet(texts ...string) map[string]bool {
	set := make(map[string]bool)
	for _, text := range texts {
		for phrase := range strings.SplitSeq(text, "|") {
			set[plainKey(strings.ReplaceAll(phrase, "#", "0"))] = true
		}
	}
	return set
}

// byFirstWord is the phrases of a text by their first word.
func byFirstWord(text string) map[string][]string {
	table := make(map[string][]string)
	for phrase := range phraseSet(text) {
		first, _, _ := strings.Cut(phrase, " ")
		table[first] = append(table[first], phrase)
	}
	return table
}
