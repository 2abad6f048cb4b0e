<?php
/**
 * Plugin Name: Standfirst straight in
 * Description: Opens an article to whoever comes by a link in a paying reader's Standfirst digest, until the link's time is over.
 * Version: 1.0
 * Requires at least: 5.6
 * Requires PHP: 7.4
 * License: MIT
 *
 * Put this file into wp-content/plugins/ and say in wp-config.php where Standfirst answers (its `public_url`):
 *
 *     define('STANDFIRST_PUBLIC_URL', 'https://news.example.org');
 *
 * A link names one article and the hour when its time is over, and no person. Whoever has it can read that one
 * article until then, and nothing else: no session begins and no cookie is set.
 *
 * For your own code:
 *   standfirst_straight_in(?int $post_id = null): bool     whether this request may read the post in full
 *   filter standfirst_straight_in_opens (bool, int, array) a last word, by the post's id and the token's claims
 *   action standfirst_straight_in_opened (int, array)      told once a request, for whoever counts uses
 */

declare(strict_types=1);

defined('ABSPATH') || exit;

final class Standfirst_Straight_In
{
    private const PARAMETER = 'standfirst';
    private const LONGEST = 2000;
    /** No token is made for longer; seconds. */
    private const LONGEST_LIFE = 8 * DAY_IN_SECONDS;
    private const KEPT = HOUR_IN_SECONDS;
    private const KEYS = 'standfirst_straight_in_keys';
    private const ASKED = 'standfirst_straight_in_asked';

    /** The post that this request may read, and what its token says; 0 for none. */
    private static int $post = 0;
    private static array $claims = [];

    public static function begin(): void
    {
        if (!isset($_GET[self::PARAMETER])) {
            return;
        }
        // Whatever comes of it: what is shown for a token is in no cache that anybody else is served from.
        foreach (['DONOTCACHEPAGE', 'DONOTCACHEOBJECT', 'DONOTCACHEDB'] as $name) {
            defined($name) || define($name, true);
        }
        add_action('wp', [self::class, 'look'], 0);
        add_filter('wp_robots', 'wp_robots_no_robots');
        add_action('send_headers', static function (): void {
            nocache_headers();
            header('Cache-Control: private, no-store');
            // The address is what opens the article: no link on the page tells it to where it leads.
            header('Referrer-Policy: no-referrer');
            header('X-Robots-Tag: noindex');
        });
        add_filter('post_password_required', [self::class, 'no_password'], 10, 2);
        // Behind every paywall, which by then has put its own words in the text's place.
        add_filter('the_content', [self::class, 'whole'], PHP_INT_MAX);
        // Two that ask before they show anything else of a post.
        add_filter('pmpro_has_membership_access_filter', static function ($has, $post) {
            return $has || ($post && self::opens((int) $post->ID));
        }, 10, 2);
        add_filter('rcp_member_can_access', static function ($can, $member, $post) {
            return $can || self::opens((int) $post);
        }, 10, 3);
    }

    /** Read the token once it is known which post is asked for. */
    public static function look(): void
    {
        $token = $_GET[self::PARAMETER];
        if (!is_singular() || !is_string($token) || is_feed()) {
            return;
        }
        $post = get_queried_object();
        if (!$post instanceof WP_Post || $post->post_status !== 'publish') {
            return;
        }
        $claims = self::claims($token);
        if ($claims === null || !self::names($claims['sub'], $post)) {
            return;
        }
        if (!apply_filters('standfirst_straight_in_opens', true, $post->ID, $claims)) {
            return;
        }
        self::$post = $post->ID;
        self::$claims = $claims;
        do_action('standfirst_straight_in_opened', $post->ID, $claims);
    }

    public static function opens(int $post): bool
    {
        return $post !== 0 && self::$post === $post;
    }

    public static function no_password(bool $required, ?WP_Post $post): bool
    {
        return $required && !($post && self::opens($post->ID));
    }

    /** The post's own text as WordPress itself shows it, where the request may read it; else what came. */
    public static function whole($shown): string
    {
        $post = get_post();
        if (!$post || !self::opens($post->ID)) {
            return (string) $shown;
        }
        $text = do_blocks($post->post_content);
        $text = wptexturize($text);
        $text = has_blocks($post->post_content) ? $text : shortcode_unautop(wpautop($text));
        $text = do_shortcode($text);
        $text = function_exists('wp_filter_content_tags') ? wp_filter_content_tags($text) : $text;
        return str_replace(']]>', ']]&gt;', $text);
    }

    /** What a token says that is ours, for this site and not over; null for every other. */
    private static function claims(string $token): ?array
    {
        $parts = explode('.', $token);
        if (strlen($token) > self::LONGEST || count($parts) !== 3) {
            return null;
        }
        $head = self::object($parts[0]);
        $claims = self::object($parts[1]);
        $signature = self::decoded($parts[2]);
        if ($head === null || $claims === null || $signature === null || ($head['alg'] ?? '') !== 'EdDSA') {
            return null;
        }
        $kid = $head['kid'] ?? null;
        if (!is_string($kid) || isset($head['crit']) || strlen($signature) !== SODIUM_CRYPTO_SIGN_BYTES) {
            return null;
        }
        $key = self::key($kid);
        if ($key === null || !sodium_crypto_sign_verify_detached($signature, "$parts[0].$parts[1]", $key)) {
            return null;
        }
        $end = $claims['exp'] ?? null;
        $now = time();
        if (!is_int($end) || $end <= $now || $end > $now + self::LONGEST_LIFE) {
            return null;
        }
        return ($claims['aud'] ?? null) === self::host() && is_string($claims['sub'] ?? null) ? $claims : null;
    }

    private static function names(string $url, WP_Post $post): bool
    {
        return untrailingslashit($url) === untrailingslashit((string) get_permalink($post));
    }

    /** This site's name, with its port where it has one of its own. */
    private static function host(): string
    {
        $port = wp_parse_url(home_url(), PHP_URL_PORT);
        return wp_parse_url(home_url(), PHP_URL_HOST) . ($port ? ":$port" : '');
    }

    /** The public key with this id. An unknown id is asked for anew, at most once a minute. */
    private static function key(string $kid): ?string
    {
        $keys = get_transient(self::KEYS);
        if ((!is_array($keys) || !isset($keys[$kid])) && get_transient(self::ASKED) === false) {
            set_transient(self::ASKED, 1, MINUTE_IN_SECONDS);
            $found = self::fetched();
            if ($found) {
                set_transient(self::KEYS, $found, self::KEPT);
                $keys = $found;
            }
        }
        return is_array($keys) && isset($keys[$kid]) ? base64_decode($keys[$kid], true) : null;
    }

    /** Every public key that Standfirst tells, by id, in base64; none where it does not answer. */
    private static function fetched(): array
    {
        if (!defined('STANDFIRST_PUBLIC_URL')) {
            return [];
        }
        $answer = wp_remote_get(
            untrailingslashit((string) STANDFIRST_PUBLIC_URL) . '/.well-known/jwks.json',
            ['timeout' => 3, 'redirection' => 0, 'limit_response_size' => 65536]
        );
        if (is_wp_error($answer) || wp_remote_retrieve_response_code($answer) !== 200) {
            return [];
        }
        $told = json_decode(wp_remote_retrieve_body($answer), true);
        $found = [];
        foreach (is_array($told['keys'] ?? null) ? $told['keys'] : [] as $one) {
            $is_ours = is_array($one) && ($one['kty'] ?? '') === 'OKP' && ($one['crv'] ?? '') === 'Ed25519';
            $x = $is_ours && is_string($one['x'] ?? null) ? self::decoded($one['x']) : null;
            if ($x !== null && strlen($x) === SODIUM_CRYPTO_SIGN_PUBLICKEYBYTES && is_string($one['kid'] ?? null)) {
                $found[$one['kid']] = base64_encode($x);
            }
        }
        return $found;
    }

    private static function object(string $part): ?array
    {
        $text = self::decoded($part);
        $found = $text === null ? null : json_decode($text, true, 8);
        return is_array($found) ? $found : null;
    }

    private static function decoded(string $part): ?string
    {
        if ($part === '' || !preg_match('/^[A-Za-z0-9_-]+$/D', $part)) {
            return null;
        }
        $found = base64_decode(strtr($part, '-_', '+/'), true);
        return $found === false ? null : $found;
    }
}

/** Whether this request came by a link that opens the post; by default the one that is being shown. */
function standfirst_straight_in(?int $post_id = null): bool
{
    return Standfirst_Straight_In::opens($post_id ?? (int) get_the_ID());
}

add_action('plugins_loaded', [Standfirst_Straight_In::class, 'begin']);
